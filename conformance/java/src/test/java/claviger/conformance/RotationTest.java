package claviger.conformance;

import static claviger.conformance.OperationsTest.fields;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import claviger.conformance.InstanceApi.Answer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The effects of rotation (instance-api 4) and of policies (instance-api 1.9). */
@ExtendWith(Suite.class)
final class RotationTest {
    private static final byte[] SECRET = "a secret".getBytes(StandardCharsets.US_ASCII);

    /** Basic operations use the initial version, Advance operations the primary one; old ciphertexts still decrypt. */
    @Test
    void rotation() throws Exception {
        String key = Suite.server.createKey("Aliyun_AES_256", "ENCRYPT/DECRYPT");
        String initial = Suite.server.primaryVersion(key);
        Map<String, Object> plaintext = fields("KeyId", key, "Plaintext", SECRET);
        Optional<Answer> before = Suite.call("AdvanceEncrypt", plaintext);
        Suite.server.run("key", "rotate", key);
        String primary = Suite.server.primaryVersion(key);
        assertNotEquals(initial, primary);
        Map<String, Object> dataKey = fields("KeyId", key, "NumberOfBytes", 32);
        Map<String, Object> pair = fields("KeyId", key, "KeyPairSpec", "EC_P256", "KeyFormat", "DER");
        for (String prefix : List.of("", "Advance")) {
            String expected = prefix.isEmpty() ? initial : primary;
            for (var call : Map.of("Encrypt", plaintext, "GenerateDataKey", dataKey, "GenerateDataKeyPair", pair,
                    "GenerateDataKeyPairWithoutPlaintext", pair).entrySet()) {
                Optional<Answer> answer = Suite.call(prefix + call.getKey(), call.getValue());
                if (answer.isPresent()) {
                    assertEquals(expected, answer.get().version(), prefix + call.getKey());
                }
            }
        }
        if (before.isPresent()) {
            Answer opened = Suite.call("AdvanceDecrypt", fields("CiphertextBlob", before.get().bytes("CiphertextBlob"))).orElseThrow();
            assertArrayEquals(SECRET, opened.bytes("Plaintext"));
            assertEquals(initial, opened.text("KeyVersionId"));
        }
    }

    /** A client key that may use only one key, one that may use no keys, and one for another network. */
    @Test
    void policies() throws Exception {
        String key = Suite.keyOf("aes").orElseThrow();
        Map<String, List<String>> options = Map.of(
                "java-one-key", List.of("--resource", "key/" + key),
                "java-secrets-only", List.of("--permission", "secret-user", "--resource", "secret/*"),
                "java-elsewhere", List.of("--network", "192.0.2.0/24"));
        Path folder = Suite.scratch();
        for (var one : options.entrySet()) {
            List<String> words = new ArrayList<>(List.of("client-key", "create", one.getKey(), "--out", folder.toString()));
            words.addAll(one.getValue());
            Suite.server.run(words.toArray(String[]::new));
            InstanceApi other = new InstanceApi(InstanceApi.config(Suite.server)
                    .setClientKeyFile(folder.resolve(one.getKey() + ".json").toString())
                    .setPassword(Files.readString(folder.resolve(one.getKey() + "-password.txt")).strip()));
            Map<String, Object> dev = fields("KeyId", "alias/dev", "KeyPairSpec", "EC_P256", "KeyFormat", "DER");
            // The message contains the alias: the key id is not disclosed to callers without permission.
            String forbidden = "This operation for \"alias/dev\" is forbidden by permission system.";
            Suite.mustRefuse(403, "Forbidden.NoPermission", null, () -> other.call("GenerateDataKeyPair", dev));
            Map<String, Object> own = fields("KeyId", key, "KeyPairSpec", "EC_P256", "KeyFormat", "DER");
            if (one.getKey().equals("java-one-key")) {
                other.call("GenerateDataKeyPair", own);
                Suite.mustRefuse(403, "Forbidden.NoPermission", forbidden, () -> other.call("GenerateDataKeyPair", dev));
            } else {
                Suite.mustRefuse(403, "Forbidden.NoPermission", null, () -> other.call("GenerateDataKeyPair", own));
            }
        }
    }
}
