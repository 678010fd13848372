package claviger.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.PSSParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.Map;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Checks of key pairs with the JDK, and with Bouncy Castle for secp256k1, which the JDK does not support. */
final class PairChecks {
    private static final Map<String, Integer> BITS = Map.of("RSA_2048", 2048, "RSA_3072", 3072, "RSA_4096", 4096);
    private static final Provider BOUNCY_CASTLE = new BouncyCastleProvider();
    private static final byte[] MESSAGE = "a message to sign".getBytes(StandardCharsets.UTF_8);

    private PairChecks() {}

    static void check(String spec, String format, byte[] publicKey, byte[] privateKey) throws Exception {
        boolean isPem = format.equals("PEM");
        byte[] spki = isPem ? fromPem("PUBLIC KEY", publicKey) : publicKey;
        byte[] pkcs8 = isPem ? fromPem("PRIVATE KEY", privateKey) : privateKey;
        PublicKey open = parse(spec, spki);
        PrivateKey secret = factory(spec).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
        assertArrayEquals(spki, open.getEncoded(), "the public key is encoded differently from the JDK's");
        if (secret instanceof RSAPrivateCrtKey rsa) {
            assertEquals(BITS.get(spec), rsa.getModulus().bitLength());
            assertEquals(BigInteger.valueOf(65537), rsa.getPublicExponent());
            assertEquals(rsa.getModulus(), rsa.getPrimeP().multiply(rsa.getPrimeQ()));
            assertEquals(rsa.getModulus(), ((RSAPublicKey) open).getModulus());
            assertArrayEquals(pkcs8, secret.getEncoded(), "the private key is encoded differently from the JDK's");
        }
        String algorithm = spec.startsWith("RSA") ? "RSA_PKCS1_SHA_256" : "ECDSA_SHA_256";
        Signature signer = signature(spec, algorithm);
        signer.initSign(secret);
        signer.update(MESSAGE);
        assertTrue(verifies(spec, algorithm, open, MESSAGE, signer.sign()), "the two keys do not form a pair");
    }

    static PublicKey parse(String spec, byte[] spki) throws Exception {
        return factory(spec).generatePublic(new X509EncodedKeySpec(spki));
    }

    static boolean verifies(String spec, String algorithm, PublicKey key, byte[] message, byte[] signature) throws Exception {
        Signature verifier = signature(spec, algorithm);
        verifier.initVerify(key);
        verifier.update(message);
        return verifier.verify(signature);
    }

    private static KeyFactory factory(String spec) throws Exception {
        return switch (spec) {
            case "EC_P256K" -> KeyFactory.getInstance("EC", BOUNCY_CASTLE);
            case "EC_P256" -> KeyFactory.getInstance("EC");
            default -> KeyFactory.getInstance("RSA");
        };
    }

    private static Signature signature(String spec, String algorithm) throws Exception {
        switch (algorithm) {
            case "RSA_PSS_SHA_256" -> {
                Signature signature = Signature.getInstance("RSASSA-PSS");
                signature.setParameter(new PSSParameterSpec("SHA-256", "MGF1", MGF1ParameterSpec.SHA256, 32, 1));
                return signature;
            }
            case "RSA_PKCS1_SHA_256" -> {
                return Signature.getInstance("SHA256withRSA");
            }
            default -> {
                return spec.equals("EC_P256K")
                        ? Signature.getInstance("SHA256withECDSA", BOUNCY_CASTLE)
                        : Signature.getInstance("SHA256withECDSA");
            }
        }
    }

    /** Decodes like the official sample: removes armor lines and LF, then uses the strict decoder. */
    static byte[] fromPem(String label, byte[] text) {
        String pem = new String(text, StandardCharsets.US_ASCII);
        String begin = "-----BEGIN " + label + "-----\n";
        String end = "-----END " + label + "-----\n";
        assertTrue(pem.startsWith(begin) && pem.endsWith(end), pem);
        String body = pem.substring(begin.length(), pem.length() - end.length());
        for (String line : body.split("\n")) {
            assertTrue(line.length() <= 64);
        }
        return Base64.getDecoder().decode(body.replace("\n", ""));
    }
}
