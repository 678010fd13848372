package claviger.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import claviger.conformance.InstanceApi.Answer;
import com.google.gson.JsonArray;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every operation x key spec x edge sizes of the table, with the official SDK, and its refusals. */
@ExtendWith(Suite.class)
final class OperationsTest {
    /** Fields of a request, without empty ones. */
    static Map<String, Object> fields(Object... namesAndValues) {
        Map<String, Object> fields = new HashMap<>();
        for (int at = 0; at < namesAndValues.length; at += 2) {
            Object value = namesAndValues[at + 1];
            boolean empty = value instanceof byte[] bytes && bytes.length == 0 || "".equals(value);
            if (!empty) {
                fields.put((String) namesAndValues[at], value);
            }
        }
        return fields;
    }

    @TestFactory
    List<DynamicTest> seals() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Table.Seal row : Suite.table.seals) {
            for (String algorithm : Table.algorithms(row.algorithm, row.isDefault)) {
                for (int size : row.sizes) {
                    for (int aad : row.aads) {
                        for (int iv : row.ivs) {
                            String name = row.operation + "/" + row.key + "/" + algorithm + "/" + size + "/aad-" + aad + "/iv-" + iv;
                            tests.add(dynamicTest(name, () -> sealAndOpen(row, algorithm, size, Table.bytes(aad), Table.bytes(iv))));
                        }
                    }
                }
            }
        }
        return tests;
    }

    private static void sealAndOpen(Table.Seal row, String algorithm, int size, byte[] aad, byte[] iv) throws Exception {
        Optional<String> key = Suite.keyOf(row.key);
        if (key.isEmpty()) {
            return; // keyOf has checked that such keys are refused.
        }
        byte[] plaintext = Table.bytes(size);
        Optional<Answer> sealed = Suite.call(row.operation,
                fields("KeyId", key.get(), "Plaintext", plaintext, "Aad", aad, "Iv", iv, "Algorithm", algorithm));
        if (sealed.isEmpty()) {
            return;
        }
        checkSealed(row.operation, sealed.get(), key.get(), row.algorithm);
        byte[] blob = sealed.get().bytes("CiphertextBlob");
        if (row.length != 0) {
            assertEquals(row.length, blob.length);
        } else if (row.overhead != 0) {
            assertEquals(size + row.overhead, blob.length);
        }
        assertEquals(row.algorithm.endsWith("_GCM") ? 12 : 0, sealed.get().bytes("Iv").length);
        if (iv.length != 0) {
            assertArrayEquals(iv, sealed.get().bytes("Iv"));
        }
        openAll(row.open, key.get(), blob, sealed.get(), algorithm, aad, plaintext);
    }

    /** Checks the key id, algorithm and version in the answer of an encryption. */
    private static void checkSealed(String operation, Answer sealed, String key, String algorithm) throws Exception {
        assertEquals(key, sealed.text("KeyId"));
        assertEquals(algorithm, sealed.text("Algorithm"));
        String version = sealed.version();
        assertTrue(version.length() == 36 && version.startsWith(key + "-"), version);
        if (operation.startsWith("Advance")) {
            assertEquals(version, sealed.text("KeyVersionId"));
            assertEquals(Suite.server.primaryVersion(key), version);
        }
    }

    /** Decrypts a blob with each operation in opens, and checks that another Aad is refused; returns the plaintext. */
    private static byte[] openAll(List<String> opens, String key, byte[] blob, Answer sealed, String algorithm, byte[] aad, byte[] expected)
            throws Exception {
        byte[] plaintext = expected;
        for (String open : opens) {
            Map<String, Object> fields = fields("KeyId", key, "CiphertextBlob", blob, "Iv", sealed.bytes("Iv"), "Aad", aad, "Algorithm", algorithm);
            Answer opened = Suite.call(open, fields).orElseThrow();
            plaintext = plaintext == null ? opened.bytes("Plaintext") : plaintext;
            assertArrayEquals(plaintext, opened.bytes("Plaintext"));
            assertEquals(key, opened.text("KeyId"));
            assertEquals(sealed.version(), opened.version());
            if (aad.length != 0) {
                byte[] other = aad.clone();
                other[0] ^= 1;
                fields.put("Aad", other);
                Suite.mustRefuse(500, "InternalFailure", "Internal Failure.", () -> Suite.api.call(open, fields));
            }
        }
        return plaintext;
    }

    @TestFactory
    List<DynamicTest> dataKeys() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Table.Seal row : Suite.table.dataKeys) {
            for (int size : row.sizes) {
                for (int aad : row.aads) {
                    String name = row.operation + "/" + row.key + "/" + size + "/aad-" + aad;
                    tests.add(dynamicTest(name, () -> dataKey(row, size, Table.bytes(aad))));
                }
            }
        }
        return tests;
    }

    private static void dataKey(Table.Seal row, int size, byte[] aad) throws Exception {
        Optional<String> key = Suite.keyOf(row.key);
        if (key.isEmpty()) {
            return;
        }
        Map<String, Object> fields = fields("KeyId", key.get(), "NumberOfBytes", size, "Aad", aad);
        Optional<Answer> made = Suite.call(row.operation, fields);
        if (made.isEmpty()) {
            return;
        }
        checkSealed(row.operation, made.get(), key.get(), row.algorithm);
        byte[] plaintext = made.get().bytes("Plaintext");
        byte[] blob = made.get().bytes("CiphertextBlob");
        assertEquals(size, plaintext.length);
        assertEquals(size + row.overhead, blob.length);
        assertEquals(12, made.get().bytes("Iv").length);
        openAll(row.open, key.get(), blob, made.get(), row.algorithm, aad, plaintext);
        if (size >= 16) {
            assertFalse(Arrays.equals(plaintext, Suite.call(row.operation, fields).orElseThrow().bytes("Plaintext")));
        }
    }

    @TestFactory
    List<DynamicTest> pairs() {
        List<DynamicTest> tests = new ArrayList<>();
        Table.Pairs pairs = Suite.table.pairs;
        for (String spec : pairs.specs) {
            for (String format : pairs.formats) {
                for (String operation : pairs.operations.keySet()) {
                    for (int aad : pairs.aads) {
                        for (String key : List.of(Suite.devKey, "alias/dev")) {
                            String name = operation + "/" + spec + "/" + format + "/aad-" + aad + "/" + key;
                            tests.add(dynamicTest(name, () -> pair(operation, spec, format, Table.bytes(aad), key)));
                        }
                    }
                }
            }
        }
        return tests;
    }

    private static void pair(String operation, String spec, String format, byte[] aad, String key) throws Exception {
        Answer made = Suite.call(operation, fields("KeyId", key, "KeyPairSpec", spec, "KeyFormat", format, "Aad", aad)).orElseThrow();
        checkSealed(operation, made, Suite.devKey, "AES_GCM");
        assertEquals(spec, made.text("KeyPairSpec"));
        assertEquals(12, made.bytes("Iv").length);
        assertEquals(!operation.endsWith("WithoutPlaintext"), made.has("PrivateKeyPlaintext"));
        byte[] plaintext = made.has("PrivateKeyPlaintext") ? made.bytes("PrivateKeyPlaintext") : null;
        byte[] blob = made.bytes("PrivateKeyCiphertextBlob");
        byte[] opened = openAll(Suite.table.pairs.operations.get(operation), Suite.devKey, blob, made, "AES_GCM", aad, plaintext);
        PairChecks.check(spec, format, made.bytes("PublicKey"), opened);
    }

    @TestFactory
    List<DynamicTest> randoms() {
        List<DynamicTest> tests = new ArrayList<>();
        for (int size : Suite.table.randoms) {
            tests.add(dynamicTest("GenerateRandom/" + size, () -> {
                Optional<Answer> one = Suite.call("GenerateRandom", Map.of("Length", size));
                if (one.isPresent()) {
                    byte[] bytes = one.get().bytes("Random");
                    assertEquals(size, bytes.length);
                    byte[] other = Suite.call("GenerateRandom", Map.of("Length", size)).orElseThrow().bytes("Random");
                    assertFalse(size >= 16 && Arrays.equals(bytes, other));
                }
            }));
        }
        return tests;
    }

    @TestFactory
    List<DynamicTest> refusals() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Table.Refusal row : Suite.table.refusals) {
            String name = tests.size() + "/" + row.operation + "/" + row.key + "/" + row.error;
            tests.add(dynamicTest(name, () -> refusal(row)));
        }
        return tests;
    }

    private static void refusal(Table.Refusal row) throws Exception {
        Map<String, Object> fields = new HashMap<>();
        row.fields.forEach((name, raw) -> fields.put(name, Table.value(raw)));
        String key = "";
        if (row.key != null) {
            Optional<String> made = Suite.keyOf(row.key);
            if (made.isEmpty()) {
                return;
            }
            key = made.get();
            fields.put("KeyId", key);
        }
        if (Suite.notBuilt.operations.contains(row.operation)) {
            Suite.mustRefuse(400, "InvalidApiName", null, () -> Suite.api.call(row.operation, fields));
            return;
        }
        JsonArray expected = Suite.table.errors.get(row.error).getAsJsonArray();
        String message = expected.get(2).isJsonNull() ? null : expected.get(2).getAsString().replace("{id}", key);
        Suite.mustRefuse(expected.get(0).getAsInt(), expected.get(1).getAsString(), message, () -> Suite.api.call(row.operation, fields));
    }
}
