import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.crypto.SecretKey;

/**
 * Prints which data key pairs the JDK reads: {@code java ReadPairs.java FOLDER}. Same format as bench/src/bin/read_pairs. A
 * single file without dependencies, so that any JDK from 17 on can run it.
 */
final class ReadPairs {
    private static final byte[] MESSAGE = "a message to sign".getBytes(StandardCharsets.US_ASCII);

    private ReadPairs() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        List<String> specs;
        try (Stream<Path> files = Files.list(folder)) {
            specs = files.map(file -> file.getFileName().toString()).filter(name -> name.endsWith("-der.key"))
                    .map(name -> name.substring(0, name.length() - "-der.key".length())).sorted().toList();
        }
        for (String spec : specs) {
            for (String form : List.of("der", "pem")) {
                report(folder, spec, form);
            }
        }
    }

    private static void report(Path folder, String spec, String form) throws Exception {
        byte[] spki = Files.readAllBytes(folder.resolve(spec + "-" + form + ".pub"));
        String refusal = refusal(spec, Files.readAllBytes(folder.resolve(spec + "-" + form + ".key")), spki);
        report(spec, "private-" + form, refusal);
        // A JDK that reads no seeds: test the public key with the same private key in expanded form.
        Path expanded = folder.resolve(spec + "-" + form + ".expanded");
        boolean isReadExpanded = !refusal.isEmpty() && Files.exists(expanded);
        report(spec, "public-" + form, isReadExpanded ? refusal(spec, Files.readAllBytes(expanded), spki) : refusal);
    }

    private static void report(String spec, String form, String refusal) {
        String version = Runtime.version().version().stream().map(String::valueOf).collect(Collectors.joining("."));
        System.out.println(String.join("\t", "JDK", version, spec, form, refusal.isEmpty() ? "yes" : "no", refusal));
    }

    /** Why the two keys cannot be read and used together; empty if they can. */
    private static String refusal(String spec, byte[] pkcs8, byte[] spki) {
        try {
            use(spec, pkcs8, spki);
            return "";
        } catch (GeneralSecurityException refused) {
            return refused.toString().replaceAll("\\s+", " ");
        }
    }

    /** Reads both keys and uses them together. Passes PEM on undecoded, because KeyFactory cannot read it. */
    private static void use(String spec, byte[] pkcs8, byte[] spki) throws GeneralSecurityException {
        KeyFactory factory = KeyFactory.getInstance(algorithm(spec));
        PrivateKey secret = factory.generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        PublicKey open = factory.generatePublic(new X509EncodedKeySpec(spki));
        if (spec.startsWith("ML_KEM")) {
            decapsulate(secret, open);
            return;
        }
        Signature signer = Signature.getInstance(signature(spec));
        signer.initSign(secret);
        signer.update(MESSAGE);
        byte[] signature = signer.sign();
        if (!verifies(spec, open, MESSAGE, signature) || verifies(spec, open, new byte[] {1}, signature)) {
            throw new GeneralSecurityException("the two keys do not form a pair");
        }
    }

    private static boolean verifies(String spec, PublicKey open, byte[] message, byte[] signature) throws GeneralSecurityException {
        Signature verifier = Signature.getInstance(signature(spec));
        verifier.initVerify(open);
        verifier.update(message);
        return verifier.verify(signature);
    }

    private static String algorithm(String spec) {
        String[] parts = spec.split("_");
        return switch (parts[0]) {
            case "RSA", "EC" -> parts[0];
            case "ML" -> spec.replace('_', '-');
            default -> "Ed25519";
        };
    }

    private static String signature(String spec) {
        String[] parts = spec.split("_");
        return switch (parts[0]) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> algorithm(spec);
        };
    }

    /** Uses reflection, because javax.crypto.KEM exists only since JDK 21. */
    private static void decapsulate(PrivateKey secret, PublicKey open) throws GeneralSecurityException {
        try {
            Object kem = Class.forName("javax.crypto.KEM").getMethod("getInstance", String.class).invoke(null, "ML-KEM");
            Object sender = kem.getClass().getMethod("newEncapsulator", PublicKey.class).invoke(kem, open);
            Object sent = sender.getClass().getMethod("encapsulate").invoke(sender);
            byte[] ciphertext = (byte[]) sent.getClass().getMethod("encapsulation").invoke(sent);
            Object receiver = kem.getClass().getMethod("newDecapsulator", PrivateKey.class).invoke(kem, secret);
            Object received = receiver.getClass().getMethod("decapsulate", byte[].class).invoke(receiver, ciphertext);
            SecretKey expected = (SecretKey) sent.getClass().getMethod("key").invoke(sent);
            if (!Arrays.equals(expected.getEncoded(), ((SecretKey) received).getEncoded())) {
                throw new GeneralSecurityException("the shared secrets differ");
            }
        } catch (ReflectiveOperationException refused) {
            throw new GeneralSecurityException(refused.getCause() == null ? refused : refused.getCause());
        }
    }
}
