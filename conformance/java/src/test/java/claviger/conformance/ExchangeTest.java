package claviger.conformance;

import static claviger.conformance.OperationsTest.fields;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import claviger.conformance.InstanceApi.Answer;
import com.google.gson.Gson;
import com.google.gson.annotations.SerializedName;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What one language seals, the others open: letters left in a shared folder, against one server that `cargo xtask test --only
 * exchange` starts for all. conformance/README.md has the form of a letter.
 */
@Tag("exchange")
@ExtendWith(Suite.class)
final class ExchangeTest {
    private static final String LANGUAGE = "java";
    private static final byte[] PAIR_AAD = LANGUAGE.getBytes(StandardCharsets.US_ASCII);

    /** One sealed plaintext, or one signature; bytes are in hexadecimal digits. */
    private static final class Letter {
        String operation = "";
        List<String> open = List.of();
        @SerializedName("key_id") String keyId = "";
        @SerializedName("key_version_id") String keyVersionId = "";
        String algorithm = "";
        String aad = "";
        String blob = "";
        String iv = "";
        @SerializedName("plaintext_sha256") String sha256 = "";
        String context = "";
        String message = "";
        String signature = "";
    }

    private static Path folder(String language) {
        return Path.of(System.getenv("CLAVIGER_EXCHANGE"), language);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static byte[] unhex(String digits) {
        return HexFormat.of().parseHex(digits);
    }

    private static String digest(byte[] plaintext) throws Exception {
        return hex(MessageDigest.getInstance("SHA-256").digest(plaintext));
    }

    @Test
    void seal() throws Exception {
        List<Letter> letters = new ArrayList<>();
        for (Table.Seal row : Suite.table.seals) {
            byte[] plaintext = Table.bytes(row.sizes[1]);
            sealedBy(row, "Plaintext", plaintext).ifPresent(letters::add);
        }
        for (Table.Seal row : Suite.table.dataKeys) {
            sealedBy(row, "NumberOfBytes", row.sizes[1]).ifPresent(letters::add);
        }
        for (var pair : Suite.table.pairs.operations.entrySet()) {
            letters.add(pair(pair.getKey(), pair.getValue()));
        }
        for (Table.Signature row : Suite.table.signatures) {
            signature(row).ifPresent(letters::add);
        }
        transfer().ifPresent(letters::add);
        Files.createDirectories(folder(LANGUAGE));
        for (int number = 0; number < letters.size(); number++) {
            Letter letter = letters.get(number);
            Path file = folder(LANGUAGE).resolve(String.format("%03d-%s.json", number, letter.operation));
            Files.writeString(file, new Gson().toJson(letter));
        }
    }

    private static Letter letter(String operation, List<String> open, Answer answer, byte[] blob, byte[] aad, byte[] plaintext) throws Exception {
        Letter letter = new Letter();
        letter.operation = operation;
        letter.open = open;
        letter.keyId = answer.text("KeyId");
        letter.keyVersionId = answer.version();
        letter.algorithm = answer.text("Algorithm");
        letter.aad = hex(aad);
        letter.blob = hex(blob);
        letter.iv = answer.has("Iv") ? hex(answer.bytes("Iv")) : "";
        letter.sha256 = digest(plaintext);
        return letter;
    }

    /** An encryption, whose field is the plaintext, or a data key, whose field is its size. */
    private static Optional<Letter> sealedBy(Table.Seal row, String field, Object value) throws Exception {
        Optional<String> key = Suite.keyOf(row.key);
        if (key.isEmpty()) {
            return Optional.empty();
        }
        byte[] aad = Table.bytes(row.aads[row.aads.length - 1]);
        String algorithm = value instanceof byte[] ? row.algorithm : "";
        Optional<Answer> answer = Suite.call(row.operation, fields("KeyId", key.get(), field, value, "Aad", aad, "Algorithm", algorithm));
        if (answer.isEmpty()) {
            return Optional.empty();
        }
        byte[] plaintext = value instanceof byte[] bytes ? bytes : answer.get().bytes("Plaintext");
        return Optional.of(letter(row.operation, row.open, answer.get(), answer.get().bytes("CiphertextBlob"), aad, plaintext));
    }

    private static Letter pair(String operation, List<String> open) throws Exception {
        Answer made = Suite.call(operation,
                fields("KeyId", "alias/dev", "KeyPairSpec", "EC_P256", "KeyFormat", "PEM", "Aad", PAIR_AAD)).orElseThrow();
        byte[] blob = made.bytes("PrivateKeyCiphertextBlob");
        byte[] plaintext = made.has("PrivateKeyPlaintext")
                ? made.bytes("PrivateKeyPlaintext")
                : Suite.call(open.get(0), fields("KeyId", Suite.devKey, "CiphertextBlob", blob, "Iv", made.bytes("Iv"), "Aad", PAIR_AAD))
                        .orElseThrow().bytes("Plaintext");
        return letter(operation, open, made, blob, PAIR_AAD, plaintext);
    }

    private static Optional<Letter> signature(Table.Signature row) throws Exception {
        Optional<String> key = Suite.keyOf(row.key);
        if (key.isEmpty()) {
            return Optional.empty();
        }
        byte[] message = ("signed by " + LANGUAGE).getBytes(StandardCharsets.US_ASCII);
        Optional<Answer> signed = Suite.call("Sign", fields("KeyId", key.get(), "Message", message, "Algorithm", row.algorithm));
        if (signed.isEmpty()) {
            return Optional.empty();
        }
        Letter letter = letter("Sign", List.of("Verify"), signed.get(), new byte[0], new byte[0], new byte[0]);
        letter.message = hex(message);
        letter.signature = hex(signed.get().bytes("Signature"));
        return Optional.of(letter);
    }

    private static Optional<Letter> transfer() throws Exception {
        var answer = TransferTest.encrypted(TransferTest.CONTEXT);
        if (answer.isEmpty()) {
            return Optional.empty();
        }
        Letter letter = new Letter();
        letter.operation = "TransferEncrypt";
        letter.open = List.of("TransferDecrypt");
        letter.keyId = answer.get().getKeyId();
        letter.keyVersionId = answer.get().getKeyVersionId();
        letter.context = TransferTest.CONTEXT;
        letter.blob = hex(Base64.getDecoder().decode(answer.get().getCiphertextBlob()));
        letter.sha256 = digest("a secret".getBytes(StandardCharsets.US_ASCII));
        return Optional.of(letter);
    }

    @TestFactory
    List<DynamicTest> open() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (String from : System.getenv("CLAVIGER_EXCHANGE_LANGUAGES").split(",")) {
            try (Stream<Path> files = Files.list(folder(from))) {
                List<DynamicTest> opened = files.map(file -> dynamicTest(from + "/" + file.getFileName(), () -> open(file))).toList();
                assertFalse(opened.isEmpty(), "no letters from " + from);
                tests.addAll(opened);
            }
        }
        return tests;
    }

    private static void open(Path file) throws Exception {
        Letter letter = new Gson().fromJson(Files.readString(file), Letter.class);
        assertFalse(letter.open.isEmpty(), "nothing that opens it");
        for (String open : letter.open) {
            switch (open) {
                case "Verify" -> {
                    Answer verified = Suite.call(open, fields("KeyId", letter.keyId, "Algorithm", letter.algorithm,
                            "Message", unhex(letter.message), "Signature", unhex(letter.signature))).orElseThrow();
                    assertTrue(verified.yes("Value"));
                }
                case "TransferDecrypt" -> {
                    String blob = Base64.getEncoder().encodeToString(unhex(letter.blob));
                    String plaintext = TransferTest.call(TransferTest.decrypt(blob, letter.context)).getPlaintext();
                    assertEquals(letter.sha256, digest(plaintext.getBytes(StandardCharsets.UTF_8)));
                }
                default -> {
                    Answer opened = Suite.call(open, fields("KeyId", letter.keyId, "Algorithm", letter.algorithm,
                            "CiphertextBlob", unhex(letter.blob), "Iv", unhex(letter.iv), "Aad", unhex(letter.aad))).orElseThrow();
                    assertEquals(letter.sha256, digest(opened.bytes("Plaintext")));
                    assertEquals(letter.keyVersionId, opened.version());
                }
            }
        }
    }
}
