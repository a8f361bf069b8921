-- Who answers about one certificate of a CA.

ALTER TABLE trust_entries ADD COLUMN ocsp_url text;
