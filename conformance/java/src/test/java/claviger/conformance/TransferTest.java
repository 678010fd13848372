package claviger.conformance;

import static claviger.conformance.OperationsTest.fields;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.aliyun.kms.KmsTransferAcsClient;
import com.aliyuncs.AcsRequest;
import com.aliyuncs.AcsResponse;
import com.aliyuncs.exceptions.ClientException;
import com.aliyuncs.kms.model.v20160120.AsymmetricDecryptRequest;
import com.aliyuncs.kms.model.v20160120.AsymmetricEncryptRequest;
import com.aliyuncs.kms.model.v20160120.AsymmetricSignRequest;
import com.aliyuncs.kms.model.v20160120.AsymmetricVerifyRequest;
import com.aliyuncs.kms.model.v20160120.DecryptRequest;
import com.aliyuncs.kms.model.v20160120.DecryptResponse;
import com.aliyuncs.kms.model.v20160120.EncryptRequest;
import com.aliyuncs.kms.model.v20160120.EncryptResponse;
import com.aliyuncs.kms.model.v20160120.GenerateDataKeyRequest;
import com.aliyuncs.kms.model.v20160120.GenerateDataKeyWithoutPlaintextRequest;
import com.aliyuncs.kms.model.v20160120.GetPublicKeyRequest;
import com.aliyuncs.profile.DefaultProfile;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The transfer client kms-transfer-client: OpenAPI types in the application, the Instance API on the wire (instance-api 6).
 * It has only the legacy mode: Encrypt, Decrypt and GenerateDataKey with the version header.
 */
@ExtendWith(Suite.class)
final class TransferTest {
    static final String CONTEXT = "{\"b\":\"2\",\"a\":\"1\"}";
    private static final String OTHER_CONTEXT = "{\"b\":\"2\",\"a\":\"2\"}";
    private static final byte[] MAGIC = {'$', 0, 2};

    /** The Aad that this client derives from CONTEXT: the digest itself (instance-api 6.5). */
    private static byte[] contextAad() throws Exception {
        return MessageDigest.getInstance("SHA-256").digest("a=1&b=2".getBytes(StandardCharsets.UTF_8));
    }

    private static KmsTransferAcsClient client() throws Exception {
        return new KmsTransferAcsClient(DefaultProfile.getProfile("cn-hangzhou", "unused", "unused"), InstanceApi.config(Suite.server));
    }

    static <T extends AcsResponse> T call(AcsRequest<T> request) throws Exception {
        return client().getAcsResponse(request);
    }

    /** Sends a request that must succeed. If its operation is not built yet, it must be refused as unknown. */
    private static <T extends AcsResponse> Optional<T> built(String operation, AcsRequest<T> request) throws Exception {
        if (Suite.notBuilt.operations.contains(operation)) {
            mustFailWith("InvalidApiName", request);
            return Optional.empty();
        }
        return Optional.of(call(request));
    }

    private static void mustFailWith(String code, AcsRequest<?> request) {
        assertEquals(code, assertThrows(ClientException.class, () -> call(request)).getErrCode());
    }

    static Optional<EncryptResponse> encrypted(String context) throws Exception {
        EncryptRequest request = new EncryptRequest();
        request.setKeyId("alias/dev");
        request.setPlaintext("a secret");
        request.setEncryptionContext(context);
        return built("Encrypt", request);
    }

    static DecryptRequest decrypt(String blob, String context) {
        DecryptRequest request = new DecryptRequest();
        request.setCiphertextBlob(blob);
        request.setEncryptionContext(context);
        return request;
    }

    @Test
    void encryptAndDecrypt() throws Exception {
        for (String context : new String[] {null, CONTEXT}) {
            Optional<EncryptResponse> sealed = encrypted(context);
            if (sealed.isPresent()) {
                assertEquals(Suite.devKey, sealed.get().getKeyId());
                DecryptResponse opened = call(decrypt(sealed.get().getCiphertextBlob(), context));
                assertEquals("a secret", opened.getPlaintext());
                assertEquals(sealed.get().getKeyVersionId(), opened.getKeyVersionId());
                mustFailWith("InternalFailure", decrypt(sealed.get().getCiphertextBlob(), OTHER_CONTEXT));
            }
        }
    }

    /** AdvanceDecrypt decrypts a blob of the legacy client once it is prefixed with `$ 00 02` (instance-api 6.2). */
    @Test
    void itsBlobsOpenThroughAdvanceDecrypt() throws Exception {
        Optional<EncryptResponse> sealed = encrypted(CONTEXT);
        if (sealed.isPresent()) {
            byte[] rest = Base64.getDecoder().decode(sealed.get().getCiphertextBlob());
            byte[] blob = Arrays.copyOf(MAGIC, MAGIC.length + rest.length);
            System.arraycopy(rest, 0, blob, MAGIC.length, rest.length);
            var opened = Suite.call("AdvanceDecrypt", fields("CiphertextBlob", blob, "Aad", contextAad())).orElseThrow();
            assertEquals("a secret", new String(opened.bytes("Plaintext"), StandardCharsets.UTF_8));
        }
    }

    /** Conversely, the legacy client decrypts an Advance blob without its first three bytes. */
    @Test
    void itOpensAdvanceBlobs() throws Exception {
        var pair = Suite.call("AdvanceGenerateDataKeyPair",
                fields("KeyId", "alias/dev", "KeyPairSpec", "EC_P256", "KeyFormat", "PEM", "Aad", contextAad())).orElseThrow();
        byte[] blob = pair.bytes("PrivateKeyCiphertextBlob");
        String rest = Base64.getEncoder().encodeToString(Arrays.copyOfRange(blob, MAGIC.length, blob.length));
        DecryptResponse opened = call(decrypt(rest, CONTEXT));
        assertEquals(new String(pair.bytes("PrivateKeyPlaintext"), StandardCharsets.US_ASCII), opened.getPlaintext());
        assertEquals(pair.version(), opened.getKeyVersionId());
        mustFailWith("InternalFailure", decrypt(rest, null));
    }

    @Test
    void dataKeys() throws Exception {
        Map<String, Integer> sizes = new HashMap<>(Map.of("AES_256", 32, "AES_128", 16));
        sizes.put(null, 32);
        for (var spec : sizes.entrySet()) {
            GenerateDataKeyRequest request = new GenerateDataKeyRequest();
            request.setKeyId("alias/dev");
            request.setKeySpec(spec.getKey());
            request.setEncryptionContext(CONTEXT);
            var made = built("GenerateDataKey", request);
            if (made.isPresent()) {
                assertEquals(spec.getValue(), Base64.getDecoder().decode(made.get().getPlaintext()).length);
                assertEquals(made.get().getPlaintext(), call(decrypt(made.get().getCiphertextBlob(), CONTEXT)).getPlaintext());
            }
        }
        GenerateDataKeyWithoutPlaintextRequest request = new GenerateDataKeyWithoutPlaintextRequest();
        request.setKeyId("alias/dev");
        request.setNumberOfBytes(1024);
        var made = built("GenerateDataKey", request);
        if (made.isPresent()) {
            String opened = call(decrypt(made.get().getCiphertextBlob(), null)).getPlaintext();
            assertEquals(1024, Base64.getDecoder().decode(opened).length);
        }
    }

    @Test
    void asymmetricEncryption() throws Exception {
        Map<String, List<String>> algorithms = Map.of(
                "rsa-2048", List.of("RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"), "ec-p256", List.of("ECIES_DH_SHA_1_XOR_HMAC"));
        for (var kind : algorithms.entrySet()) {
            Optional<String> key = Suite.keyOf(kind.getKey());
            for (String algorithm : key.isPresent() ? kind.getValue() : List.<String>of()) {
                AsymmetricEncryptRequest request = new AsymmetricEncryptRequest();
                request.setKeyId(key.get());
                request.setAlgorithm(algorithm);
                request.setPlaintext(Base64.getEncoder().encodeToString("a secret".getBytes(StandardCharsets.UTF_8)));
                var sealed = built("Encrypt", request);
                if (sealed.isPresent()) {
                    AsymmetricDecryptRequest open = new AsymmetricDecryptRequest();
                    open.setKeyId(key.get());
                    open.setKeyVersionId(sealed.get().getKeyVersionId());
                    open.setAlgorithm(algorithm);
                    open.setCiphertextBlob(sealed.get().getCiphertextBlob());
                    assertEquals(request.getPlaintext(), call(open).getPlaintext());
                }
            }
        }
    }

    @Test
    void signatures() throws Exception {
        String digest = Base64.getEncoder().encodeToString(contextAad());
        for (var kind : Map.of("rsa-2048-sign", "RSA_PKCS1_SHA_256", "ec-p256-sign", "ECDSA_SHA_256").entrySet()) {
            Optional<String> key = Suite.keyOf(kind.getKey());
            if (key.isEmpty()) {
                continue;
            }
            AsymmetricSignRequest request = new AsymmetricSignRequest();
            request.setKeyId(key.get());
            request.setAlgorithm(kind.getValue());
            request.setDigest(digest);
            var signed = built("Sign", request);
            if (signed.isPresent()) {
                AsymmetricVerifyRequest verify = new AsymmetricVerifyRequest();
                verify.setKeyId(key.get());
                verify.setKeyVersionId(signed.get().getKeyVersionId());
                verify.setAlgorithm(kind.getValue());
                verify.setDigest(digest);
                verify.setValue(signed.get().getValue());
                assertTrue(call(verify).getValue());
                GetPublicKeyRequest open = new GetPublicKeyRequest();
                open.setKeyId(key.get());
                open.setKeyVersionId(signed.get().getKeyVersionId());
                assertTrue(call(open).getPublicKey().startsWith("-----BEGIN PUBLIC KEY-----\n"));
            }
        }
    }

    /** How this client reports the server's errors (instance-api 7). */
    @Test
    void errors() throws Exception {
        String unknown = Suite.devKey + "-0000000000" + "i".repeat(12) + "c".repeat(28);
        mustFailWith("Forbidden.KeyNotFound", decrypt(Base64.getEncoder().encodeToString(unknown.getBytes(StandardCharsets.US_ASCII)), null));
        EncryptRequest request = new EncryptRequest();
        request.setKeyId("alias/nothing-here");
        request.setPlaintext("a secret");
        mustFailWith(Suite.notBuilt.operations.contains("Encrypt") ? "InvalidApiName" : "Forbidden.KeyNotFound", request);
    }
}
