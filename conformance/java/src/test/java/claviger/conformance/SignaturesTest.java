package claviger.conformance;

import static claviger.conformance.OperationsTest.fields;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import claviger.conformance.InstanceApi.Answer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** Sign, Verify and GetPublicKey: each algorithm, RAW and DIGEST, also verified locally with the public key. */
@ExtendWith(Suite.class)
final class SignaturesTest {
    @TestFactory
    List<DynamicTest> signatures() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Table.Signature row : Suite.table.signatures) {
            for (String algorithm : Table.algorithms(row.algorithm, row.isDefault)) {
                for (int size : row.sizes) {
                    for (String kind : List.of("", "RAW", "DIGEST")) {
                        String name = row.key + "/" + algorithm + "/" + size + "/" + kind;
                        tests.add(dynamicTest(name, () -> signAndVerify(row, algorithm, Table.bytes(size), kind)));
                    }
                }
            }
        }
        return tests;
    }

    private static void signAndVerify(Table.Signature row, String algorithm, byte[] message, String kind) throws Exception {
        Optional<String> key = Suite.keyOf(row.key);
        if (key.isEmpty()) {
            return;
        }
        byte[] data = kind.equals("DIGEST") ? MessageDigest.getInstance("SHA-256").digest(message) : message;
        Map<String, Object> fields = fields("KeyId", key.get(), "Message", data, "MessageType", kind, "Algorithm", algorithm);
        Optional<Answer> signed = Suite.call("Sign", fields);
        Optional<Answer> publicKey = Suite.call("GetPublicKey", Map.of("KeyId", key.get()));
        if (signed.isEmpty()) {
            return;
        }
        byte[] signature = signed.get().bytes("Signature");
        assertEquals(key.get(), signed.get().text("KeyId"));
        assertEquals(row.algorithm, signed.get().text("Algorithm"));
        assertEquals(kind.isEmpty() ? "RAW" : kind, signed.get().text("MessageType"));
        assertEquals(36, signed.get().version().length());
        if (publicKey.isPresent()) {
            verifyLocally(row, publicKey.get().text("PublicKey"), message, signature);
        }
        checkVerify(fields, signature);
    }

    /** Verifies with the JDK and Bouncy Castle. Only the server verifies SM2, which this suite does not check independently. */
    private static void verifyLocally(Table.Signature row, String pem, byte[] message, byte[] signature) throws Exception {
        byte[] spki = PairChecks.fromPem("PUBLIC KEY", pem.getBytes(StandardCharsets.US_ASCII));
        String spec = Suite.table.keys.get(row.key).spec;
        if (!spec.equals("EC_SM2")) {
            assertTrue(PairChecks.verifies(spec, row.algorithm, PairChecks.parse(spec, spki), message, signature));
        }
    }

    /** The signature verifies for its message and no other; an invalid signature is a result, not an error. */
    private static void checkVerify(Map<String, Object> fields, byte[] signature) throws Exception {
        fields.put("Signature", signature);
        Optional<Answer> good = Suite.call("Verify", fields);
        if (good.isEmpty()) {
            return;
        }
        assertTrue(good.get().bool("Value"));
        byte[] altered = signature.clone();
        altered[altered.length - 1] ^= 1;
        fields.put("Signature", altered);
        assertFalse(Suite.call("Verify", fields).orElseThrow().bool("Value"));
        byte[] message = ((byte[]) fields.get("Message")).clone();
        message[0] ^= 1;
        fields.putAll(Map.of("Signature", signature, "Message", message));
        assertFalse(Suite.call("Verify", fields).orElseThrow().bool("Value"));
    }
}
