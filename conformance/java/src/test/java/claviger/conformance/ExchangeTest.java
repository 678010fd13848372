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
 * Each language decrypts and verifies what the others encrypted and signed: artifacts in a shared folder, against one server that
 * `cargo xtask test --only exchange` starts. conformance/README.md describes the artifacts.
 */
@Tag("exchange")
@ExtendWith(Suite.class)
final class ExchangeTest {
    private static final String LANGUAGE = "java";
    private static final byte[] PAIR_AAD = LANGUAGE.getBytes(StandardCharsets.US_ASCII);

    /** A ciphertext or a signature; bytes are hexadecimal. */
    private static final class Artifact {
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
    void write() throws Exception {
        List<Artifact> artifacts = new ArrayList<>();
        for (Table.Seal row : Suite.table.seals) {
            byte[] plaintext = Table.bytes(row.sizes[1]);
            sealedBy(row, "Plaintext", plaintext).ifPresent(artifacts::add);
        }
        for (Table.Seal row : Suite.table.dataKeys) {
            sealedBy(row, "NumberOfBytes", row.sizes[1]).ifPresent(artifacts::add);
        }
        for (var pair : Suite.table.pairs.operations.entrySet()) {
            artifacts.add(pair(pair.getKey(), pair.getValue()));
        }
        for (Table.Signature row : Suite.table.signatures) {
            signature(row).ifPresent(artifacts::add);
        }
        transfer().ifPresent(artifacts::add);
        Files.createDirectories(folder(LANGUAGE));
        for (int number = 0; number < artifacts.size(); number++) {
            Artifact artifact = artifacts.get(number);
            Path file = folder(LANGUAGE).resolve(String.format("%03d-%s.json", number, artifact.operation));
            Files.writeString(file, new Gson().toJson(artifact));
        }
    }

    private static Artifact artifact(String operation, List<String> open, Answer answer, byte[] blob, byte[] aad, byte[] plaintext) throws Exception {
        Artifact artifact = new Artifact();
        artifact.operation = operation;
        artifact.open = open;
        artifact.keyId = answer.text("KeyId");
        artifact.keyVersionId = answer.version();
        artifact.algorithm = answer.text("Algorithm");
        artifact.aad = hex(aad);
        artifact.blob = hex(blob);
        artifact.iv = answer.has("Iv") ? hex(answer.bytes("Iv")) : "";
        artifact.sha256 = digest(plaintext);
        return artifact;
    }

    /** The artifact of an encryption, whose field is the plaintext, or of a data key, whose field is its size. */
    private static Optional<Artifact> sealedBy(Table.Seal row, String field, Object value) throws Exception {
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
        return Optional.of(artifact(row.operation, row.open, answer.get(), answer.get().bytes("CiphertextBlob"), aad, plaintext));
    }

    private static Artifact pair(String operation, List<String> open) throws Exception {
        Answer made = Suite.call(operation,
                fields("KeyId", "alias/dev", "KeyPairSpec", "EC_P256", "KeyFormat", "PEM", "Aad", PAIR_AAD)).orElseThrow();
        byte[] blob = made.bytes("PrivateKeyCiphertextBlob");
        byte[] plaintext = made.has("PrivateKeyPlaintext")
                ? made.bytes("PrivateKeyPlaintext")
                : Suite.call(open.get(0), fields("KeyId", Suite.devKey, "CiphertextBlob", blob, "Iv", made.bytes("Iv"), "Aad", PAIR_AAD))
                        .orElseThrow().bytes("Plaintext");
        return artifact(operation, open, made, blob, PAIR_AAD, plaintext);
    }

    private static Optional<Artifact> signature(Table.Signature row) throws Exception {
        Optional<String> key = Suite.keyOf(row.key);
        if (key.isEmpty()) {
            return Optional.empty();
        }
        byte[] message = ("signed by " + LANGUAGE).getBytes(StandardCharsets.US_ASCII);
        Optional<Answer> signed = Suite.call("Sign", fields("KeyId", key.get(), "Message", message, "Algorithm", row.algorithm));
        if (signed.isEmpty()) {
            return Optional.empty();
        }
        Artifact artifact = artifact("Sign", List.of("Verify"), signed.get(), new byte[0], new byte[0], new byte[0]);
        artifact.message = hex(message);
        artifact.signature = hex(signed.get().bytes("Signature"));
        return Optional.of(artifact);
    }

    private static Optional<Artifact> transfer() throws Exception {
        var answer = TransferTest.encrypted(TransferTest.CONTEXT);
        if (answer.isEmpty()) {
            return Optional.empty();
        }
        Artifact artifact = new Artifact();
        artifact.operation = "TransferEncrypt";
        artifact.open = List.of("TransferDecrypt");
        artifact.keyId = answer.get().getKeyId();
        artifact.keyVersionId = answer.get().getKeyVersionId();
        artifact.context = TransferTest.CONTEXT;
        artifact.blob = hex(Base64.getDecoder().decode(answer.get().getCiphertextBlob()));
        artifact.sha256 = digest("a secret".getBytes(StandardCharsets.US_ASCII));
        return Optional.of(artifact);
    }

    @TestFactory
    List<DynamicTest> read() throws Exception {
        List<DynamicTest> tests = new ArrayList<>();
        for (String from : System.getenv("CLAVIGER_EXCHANGE_LANGUAGES").split(",")) {
            try (Stream<Path> files = Files.list(folder(from))) {
                List<DynamicTest> opened = files.map(file -> dynamicTest(from + "/" + file.getFileName(), () -> read(file))).toList();
                assertFalse(opened.isEmpty(), "no artifacts from " + from);
                tests.addAll(opened);
            }
        }
        return tests;
    }

    private static void read(Path file) throws Exception {
        Artifact artifact = new Gson().fromJson(Files.readString(file), Artifact.class);
        assertFalse(artifact.open.isEmpty(), "the artifact names no operation that opens it");
        for (String open : artifact.open) {
            switch (open) {
                case "Verify" -> {
                    Answer verified = Suite.call(open, fields("KeyId", artifact.keyId, "Algorithm", artifact.algorithm,
                            "Message", unhex(artifact.message), "Signature", unhex(artifact.signature))).orElseThrow();
                    assertTrue(verified.bool("Value"));
                }
                case "TransferDecrypt" -> {
                    String blob = Base64.getEncoder().encodeToString(unhex(artifact.blob));
                    String plaintext = TransferTest.call(TransferTest.decrypt(blob, artifact.context)).getPlaintext();
                    assertEquals(artifact.sha256, digest(plaintext.getBytes(StandardCharsets.UTF_8)));
                }
                default -> {
                    Answer opened = Suite.call(open, fields("KeyId", artifact.keyId, "Algorithm", artifact.algorithm,
                            "CiphertextBlob", unhex(artifact.blob), "Iv", unhex(artifact.iv), "Aad", unhex(artifact.aad))).orElseThrow();
                    assertEquals(artifact.sha256, digest(opened.bytes("Plaintext")));
                    assertEquals(artifact.keyVersionId, opened.version());
                }
            }
        }
    }
}
