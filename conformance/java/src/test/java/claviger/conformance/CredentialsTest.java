package claviger.conformance;

import static claviger.conformance.OperationsTest.fields;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import claviger.conformance.InstanceApi.Answer;
import com.aliyun.dkms.gcs.openapi.models.Config;
import com.aliyun.dkms.gcs.openapi.util.models.RuntimeOptions;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** Client key, TLS and headers in the Java SDK (instance-api 1.6, 1.8, 1.9), and refused callers. */
@ExtendWith(Suite.class)
final class CredentialsTest {
    private static final String OPERATION = "AdvanceGenerateDataKeyPair";
    private static final Map<String, Object> SMALL_PAIR = fields("KeyId", "alias/dev", "KeyPairSpec", "EC_P256", "KeyFormat", "DER");

    private static JsonObject clientKey() throws IOException {
        return JsonParser.parseString(Suite.server.text("client-key.json")).getAsJsonObject();
    }

    private static KeyStore opened(String password) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        byte[] pfx = Base64.getDecoder().decode(clientKey().get("PrivateKeyData").getAsString());
        store.load(new ByteArrayInputStream(pfx), password.toCharArray());
        return store;
    }

    /** The SDK uses the first alias, and the password of the store for the key. */
    @Test
    void jdkReadsClientKey() throws Exception {
        String password = Suite.server.password();
        KeyStore store = opened(password);
        assertEquals(1, store.size());
        String alias = store.aliases().nextElement();
        RSAPrivateCrtKey key = (RSAPrivateCrtKey) store.getKey(alias, password.toCharArray());
        X509Certificate certificate = (X509Certificate) store.getCertificate(alias);
        assertEquals(2048, key.getModulus().bitLength());
        assertEquals(((RSAPublicKey) certificate.getPublicKey()).getModulus(), key.getModulus());
        certificate.checkValidity();
        assertThrows(IOException.class, () -> opened(password + "x"));
    }

    /** The Java SDK expects the Base64 of PKCS#8 without armor lines. */
    private static String privateKey() throws Exception {
        KeyStore store = opened(Suite.server.password());
        byte[] key = store.getKey(store.aliases().nextElement(), Suite.server.password().toCharArray()).getEncoded();
        return Base64.getEncoder().encodeToString(key);
    }

    private static InstanceApi configured(Consumer<Config> change) throws Exception {
        Config config = InstanceApi.config(Suite.server);
        change.accept(config);
        return new InstanceApi(config);
    }

    /** Each way to pass the credential and the CA. */
    @TestFactory
    List<DynamicTest> forms() throws Exception {
        String id = clientKey().get("KeyId").getAsString();
        String content = Suite.server.text("client-key.json");
        String ca = Suite.server.text("ca.pem");
        String key = privateKey();
        Map<String, Consumer<Config>> forms = Map.of(
                "file", config -> {},
                "content", config -> config.setClientKeyFile(null).setClientKeyContent(content),
                "private key", config -> config.setClientKeyFile(null).setPassword(null).setAccessKeyId(id).setPrivateKey(key),
                "CA as text", config -> config.setCaFilePath(null).setCa(ca));
        List<DynamicTest> tests = new ArrayList<>();
        forms.forEach((name, change) -> tests.add(dynamicTest(name, () -> configured(change).call(OPERATION, SMALL_PAIR))));
        return tests;
    }

    @Test
    void unknownKeysAreRefused() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        String unknownKey = Base64.getEncoder().encodeToString(generator.generateKeyPair().getPrivate().getEncoded());
        String id = clientKey().get("KeyId").getAsString();
        String unknown = "KAAP.00000000-0000-0000-0000-000000000000";
        Map<String, Object[]> expected = Map.of(
                id, new Object[] {401, "SignatureNotMatch", "Signature is not matched."},
                unknown, new Object[] {404, "Unauthorized", "The AccessKey ID \"" + unknown + "\" does not exist in our records."});
        for (var one : expected.entrySet()) {
            InstanceApi other = configured(config -> config.setClientKeyFile(null).setAccessKeyId(one.getKey()).setPrivateKey(unknownKey));
            Object[] refusal = one.getValue();
            Suite.mustRefuse((int) refusal[0], (String) refusal[1], (String) refusal[2], () -> other.call(OPERATION, SMALL_PAIR));
        }
    }

    /** A client key that is created and revoked with the command line. */
    @Test
    void revokedClientKey() throws Exception {
        Path folder = Suite.scratch();
        String id = Suite.server.run("client-key", "create", "java", "--out", folder.toString()).get("ClientKeyId").getAsString();
        String password = Files.readString(folder.resolve("java-password.txt")).strip();
        InstanceApi other = configured(config -> config.setClientKeyFile(folder.resolve("java.json").toString()).setPassword(password));
        other.call(OPERATION, SMALL_PAIR);
        Suite.server.run("client-key", "revoke", id);
        Suite.mustRefuse(404, "Unauthorized", null, () -> other.call(OPERATION, SMALL_PAIR));
    }

    @Test
    void serverOfAnotherCaIsNotTrusted() throws Exception {
        String reasons = trustErrors(Suite.server.text("ca.pem"));
        assertTrue(reasons.contains("SSLHandshakeException"), reasons);
        // Without a CA, this SDK does not use the CAs of the JDK, but fails before it connects.
        reasons = trustErrors(null);
        assertTrue(reasons.contains("Could not parse certificate"), reasons);
    }

    /** The SDK caches one HTTP client, with its first CA, for each host and port; so each call starts a new server. */
    private static String trustErrors(String ca) throws Exception {
        try (Server other = Server.start(Suite.scratch().resolve("other"))) {
            InstanceApi stray = new InstanceApi(InstanceApi.config(other).setCaFilePath(null).setCa(ca));
            StringBuilder reasons = new StringBuilder();
            for (Throwable cause = assertThrows(Exception.class, () -> stray.call(OPERATION, SMALL_PAIR)); cause != null; cause = cause.getCause()) {
                reasons.append(cause).append('\n');
            }
            new InstanceApi(InstanceApi.config(Server.external(other.dir, other.endpoint.replace("127.0.0.1", "localhost")))).call(OPERATION, SMALL_PAIR);
            return reasons.toString();
        }
    }

    /** The SDK returns only the headers that the caller listed. */
    @Test
    void headerWhitelist() throws Exception {
        for (List<String> listed : List.of(List.<String>of(), List.of(InstanceApi.VERSION_HEADER), List.of(InstanceApi.VERSION_HEADER, "content-type"), List.of("x-nothing"))) {
            RuntimeOptions runtime = InstanceApi.runtime().setResponseHeaders(listed);
            Answer answer = Suite.api.call(OPERATION, SMALL_PAIR, null, runtime);
            assertTrue(listed.containsAll(answer.headers().keySet()), answer.headers().toString());
            if (listed.contains(InstanceApi.VERSION_HEADER)) {
                assertEquals(answer.text("KeyVersionId"), answer.version());
            }
            if (listed.contains("content-type")) {
                assertEquals("application/x-protobuf", answer.headers().get("content-type"));
            }
        }
    }

    /** Decrypt with the version header and without KeyId, like transfer clients; the header is signed. */
    @Test
    void decryptByVersionHeader() throws Exception {
        Answer made = Suite.call("GenerateDataKeyPair", SMALL_PAIR).orElseThrow();
        Map<String, Object> fields = fields("CiphertextBlob", made.bytes("PrivateKeyCiphertextBlob"), "Iv", made.bytes("Iv"));
        Answer opened = Suite.api.call("Decrypt", fields, Map.of(InstanceApi.VERSION_HEADER, made.version()), InstanceApi.runtime());
        assertArrayEquals(made.bytes("PrivateKeyPlaintext"), opened.bytes("Plaintext"));
        assertEquals(Suite.devKey, opened.text("KeyId"));
        Map<String, String> unknown = Map.of(InstanceApi.VERSION_HEADER, Suite.devKey + "-0000000000");
        Suite.mustRefuse(404, "Forbidden.KeyNotFound", null, () -> Suite.api.call("Decrypt", fields, unknown, InstanceApi.runtime()));
    }

    /** One data key pair request at a time (instance-api 5.4): four callers repeat requests until each kind of answer has occurred. */
    @Test
    void concurrencyLimit() throws Exception {
        Burst burst = new Burst();
        burst.run(4, 90);
        assertTrue(burst.pairs > 0 && !burst.refusals.isEmpty(), burst.pairs + " pairs, " + burst.refusals.size() + " refusals");
        for (Exception refusal : burst.refusals) {
            Suite.mustRefuse(429, "Rejected.Throttling", "Concurrency Limit Exceeded.", () -> { throw refusal; });
        }
    }

    /** Threads that request RSA_4096 pairs without pause until each kind of answer has occurred, or until a timeout. */
    private static final class Burst {
        private int pairs;
        private final List<Exception> refusals = new ArrayList<>();

        void run(int callers, int secondsMax) throws Exception {
            long end = System.nanoTime() + secondsMax * 1_000_000_000L;
            List<Thread> threads = new ArrayList<>();
            for (int caller = 0; caller < callers; caller++) {
                Thread thread = new Thread(() -> {
                    while (!hasBoth() && System.nanoTime() < end) {
                        ask();
                    }
                });
                thread.start();
                threads.add(thread);
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }

        private synchronized boolean hasBoth() {
            return pairs > 0 && !refusals.isEmpty();
        }

        private void ask() {
            try {
                Suite.api.call("GenerateDataKeyPair", fields("KeyId", "alias/dev", "KeyPairSpec", "RSA_4096", "KeyFormat", "DER"));
                synchronized (this) {
                    pairs++;
                }
            } catch (Exception refusal) {
                synchronized (this) {
                    refusals.add(refusal);
                }
            }
        }
    }

    @Test
    void aClientCanBeUsedAfterARefusal() throws Exception {
        Suite.mustRefuse(400, "InvalidParameter", null, () -> Suite.api.call(OPERATION, fields("KeyId", "alias/dev")));
        assertFalse(Suite.call(OPERATION, SMALL_PAIR).isEmpty());
    }
}
