// An HTTPS server of the JDK (com.sun.net.httpserver): asks for client
// certificates as its arguments say, answers 200, and prints a line for each
// request. Run as a single source file.

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsExchange;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.CertPathBuilder;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.SSLEngine;
import java.net.Socket;

public class JdkServer {
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    String demand = args[1];
    String[] versions = args[2].replaceAll("[\\[\\]\"]", "").split(",");
    String path = value(args[3]);
    List<X509Certificate> chain = certificates(value(args[4]));
    PrivateKey key = key(value(args[5]));
    List<X509Certificate> trusted = certificates(value(args[6]));
    List<X509Certificate> advertised = certificates(value(args[7]));
    String crl = value(args[8]);

    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("server", key, new char[0], chain.toArray(new Certificate[0]));
    KeyManagerFactory keys = KeyManagerFactory.getInstance("PKIX");
    keys.init(store, new char[0]);
    TrustManager[] trust = null;
    if (!trusted.isEmpty()) {
      trust = new TrustManager[] {new Named(verifier(trusted, crl), advertised)};
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), trust, null);

    HttpsServer server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setHttpsConfigurator(new HttpsConfigurator(context) {
      @Override public void configure(HttpsParameters parameters) {
        SSLParameters p = context.getDefaultSSLParameters();
        p.setProtocols(versions);
        if (demand.equals("need")) p.setNeedClientAuth(true);
        if (demand.equals("want")) p.setWantClientAuth(true);
        parameters.setSSLParameters(p);
      }
    });
    server.createContext("/", exchange -> {
      HttpsExchange e = (HttpsExchange) exchange;
      String subject = "";
      try {
        subject = ((X509Certificate) e.getSSLSession().getPeerCertificates()[0]).getSubjectX500Principal().getName();
      } catch (javax.net.ssl.SSLPeerUnverifiedException none) {
        // went without a certificate
      }
      try (InputStream body = e.getRequestBody()) {
        body.transferTo(java.io.OutputStream.nullOutputStream());
      }
      String target = e.getRequestURI().getPath();
      boolean refused = !path.isEmpty() && target.startsWith(path) && subject.isEmpty();
      int status = refused ? 403 : 200;
      System.out.printf("\"%s %s\" %d %s subject=\"%s\"%n",
          e.getRequestMethod(), target, status, e.getSSLSession().getProtocol(), subject);
      byte[] answer = (refused ? "a client certificate is required here\n" : "ok\n").getBytes(StandardCharsets.UTF_8);
      e.sendResponseHeaders(status, answer.length);
      e.getResponseBody().write(answer);
      e.close();
    });
    server.setExecutor(Executors.newFixedThreadPool(16));
    server.start();
  }

  static String value(String argument) {
    return argument.substring(argument.indexOf('=') + 1);
  }

  static List<X509Certificate> certificates(String file) throws Exception {
    List<X509Certificate> all = new ArrayList<>();
    if (file.isEmpty()) return all;
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      for (Certificate c : CertificateFactory.getInstance("X.509").generateCertificates(in)) all.add((X509Certificate) c);
    }
    return all;
  }

  static PrivateKey key(String file) throws Exception {
    String pem = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----", "").replaceAll("\\s", "");
    PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem));
    for (String algorithm : new String[] {"RSA", "EC", "Ed25519"}) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (InvalidKeySpecException other) {
        // the next algorithm's
      }
    }
    throw new IllegalArgumentException("no RSA, EC or Ed25519 key");
  }

  static X509ExtendedTrustManager verifier(List<X509Certificate> trusted, String crl) throws Exception {
    Set<TrustAnchor> anchors = new HashSet<>();
    for (X509Certificate c : trusted) anchors.add(new TrustAnchor(c, null));
    PKIXBuilderParameters p = new PKIXBuilderParameters(anchors, new X509CertSelector());
    p.setRevocationEnabled(false);
    if (!crl.isEmpty()) {
      byte[] lists = Files.readAllBytes(Path.of(crl));
      Collection<?> crls = CertificateFactory.getInstance("X.509").generateCRLs(new ByteArrayInputStream(lists));
      p.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(crls)));
      PKIXRevocationChecker checker = (PKIXRevocationChecker) CertPathBuilder.getInstance("PKIX").getRevocationChecker();
      checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.PREFER_CRLS, PKIXRevocationChecker.Option.NO_FALLBACK));
      p.addCertPathChecker(checker);
      p.setRevocationEnabled(true);
    }
    TrustManagerFactory factory = TrustManagerFactory.getInstance("PKIX");
    factory.init(new CertPathTrustManagerParameters(p));
    return (X509ExtendedTrustManager) factory.getTrustManagers()[0];
  }

  // Named trusts as another does and names authorities of its own.
  static class Named extends X509ExtendedTrustManager {
    final X509ExtendedTrustManager trust;
    final X509Certificate[] names;

    Named(X509ExtendedTrustManager trust, List<X509Certificate> names) {
      this.trust = trust;
      this.names = names.toArray(new X509Certificate[0]);
    }

    @Override public X509Certificate[] getAcceptedIssuers() { return names; }

    @Override public void checkClientTrusted(X509Certificate[] c, String t) throws java.security.cert.CertificateException {
      said(() -> trust.checkClientTrusted(c, t));
    }

    @Override public void checkClientTrusted(X509Certificate[] c, String t, Socket s) throws java.security.cert.CertificateException {
      said(() -> trust.checkClientTrusted(c, t, s));
    }

    @Override public void checkClientTrusted(X509Certificate[] c, String t, SSLEngine e) throws java.security.cert.CertificateException {
      said(() -> trust.checkClientTrusted(c, t, e));
    }

    @Override public void checkServerTrusted(X509Certificate[] c, String t) { throw new UnsupportedOperationException(); }

    @Override public void checkServerTrusted(X509Certificate[] c, String t, Socket s) { throw new UnsupportedOperationException(); }

    @Override public void checkServerTrusted(X509Certificate[] c, String t, SSLEngine e) { throw new UnsupportedOperationException(); }

    interface Check { void run() throws java.security.cert.CertificateException; }

    void said(Check check) throws java.security.cert.CertificateException {
      try {
        check.run();
      } catch (java.security.cert.CertificateException refused) {
        System.out.println("refused: " + refused.getMessage());
        throw refused;
      }
    }
  }
}
