import java.io.FileOutputStream;
import java.nio.file.*;
import java.security.*;
import java.security.cert.X509Certificate;
import java.util.*;
import javax.xml.crypto.dom.DOMStructure;
import javax.xml.crypto.dsig.*;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.keyinfo.*;
import javax.xml.crypto.dsig.spec.*;
import javax.xml.parsers.*;
import javax.xml.transform.*;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.*;

/**
 * Made the signed lists of this folder, with the JDK's own implementation of XML signatures and nothing of ours or of xml-crypto:
 * java Sign.java unsigned.xml KEYSTORE.p12 METHOD DIGEST OUT.xml (password: changeit). The key was thrown away.
 */
public class Sign {
  static final String XADES = "http://uri.etsi.org/01903/v1.3.2#";

  public static void main(String[] args) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(Files.newInputStream(Path.of(args[1])), "changeit".toCharArray());
    String alias = store.aliases().nextElement();
    PrivateKey key = (PrivateKey) store.getKey(alias, "changeit".toCharArray());
    X509Certificate certificate = (X509Certificate) store.getCertificate(alias);
    DocumentBuilderFactory builders = DocumentBuilderFactory.newInstance();
    builders.setNamespaceAware(true);
    Document list = builders.newDocumentBuilder().parse(Path.of(args[0]).toFile());

    XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
    DigestMethod digest = factory.newDigestMethod(args[3], null);
    Transform exclusive = factory.newTransform(CanonicalizationMethod.EXCLUSIVE, (TransformParameterSpec) null);
    Transform enveloped = factory.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null);
    Reference whole = factory.newReference("", digest, List.of(enveloped, exclusive), null, "ref-list");
    Reference properties =
        factory.newReference("#xades-1", digest, List.of(exclusive), "http://uri.etsi.org/01903#SignedProperties", null);

    Element qualifying = list.createElementNS(XADES, "xades:QualifyingProperties");
    qualifying.setAttribute("Target", "#signature-1");
    Element signed = list.createElementNS(XADES, "xades:SignedProperties");
    signed.setAttribute("Id", "xades-1");
    signed.setIdAttribute("Id", true);
    Element own = list.createElementNS(XADES, "xades:SignedSignatureProperties");
    Element time = list.createElementNS(XADES, "xades:SigningTime");
    time.setTextContent("2025-12-31T10:00:00Z");
    own.appendChild(time);
    signed.appendChild(own);
    qualifying.appendChild(signed);
    XMLObject object = factory.newXMLObject(List.of(new DOMStructure(qualifying)), null, null, null);

    SignedInfo info =
        factory.newSignedInfo(
            factory.newCanonicalizationMethod(CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
            factory.newSignatureMethod(args[2], null),
            List.of(whole, properties));
    KeyInfoFactory keys = factory.getKeyInfoFactory();
    KeyInfo shown = keys.newKeyInfo(List.of(keys.newX509Data(List.of(certificate))));
    DOMSignContext context = new DOMSignContext(key, list.getDocumentElement());
    context.setDefaultNamespacePrefix("ds");
    factory.newXMLSignature(info, shown, List.of(object), "signature-1", "value-1").sign(context);
    Transformer out = TransformerFactory.newInstance().newTransformer();
    out.transform(new DOMSource(list), new StreamResult(new FileOutputStream(args[4])));
  }
}
