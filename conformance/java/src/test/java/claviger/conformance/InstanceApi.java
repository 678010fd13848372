package claviger.conformance;

import com.aliyun.dkms.gcs.openapi.models.Config;
import com.aliyun.dkms.gcs.openapi.util.models.RuntimeOptions;
import com.aliyun.dkms.gcs.sdk.Client;
import com.aliyun.tea.TeaException;
import com.aliyun.tea.TeaModel;
import java.lang.reflect.InvocationTargetException;
import java.util.List;
import java.util.Map;

/** The Instance API through the unmodified official package alibabacloud-dkms-gcs-sdk. */
final class InstanceApi {
    static final String VERSION_HEADER = "x-kms-migrationkeyversionid";
    private static final String MODELS = "com.aliyun.dkms.gcs.sdk.models.";

    final Client client;

    InstanceApi(Server server) throws Exception {
        this(config(server));
    }

    InstanceApi(Config config) throws Exception {
        client = new Client(config);
    }

    /** Has the client key and the ca.pem of the data directory. */
    static Config config(Server server) throws Exception {
        return new Config()
                .setProtocol("https")
                .setEndpoint(server.endpoint)
                .setClientKeyFile(server.dir.resolve("client-key.json").toString())
                .setPassword(server.password())
                .setCaFilePath(server.dir.resolve("ca.pem").toString())
                // Milliseconds: an RSA_4096 pair on a busy machine.
                .setReadTimeout(120_000)
                .setConnectTimeout(10_000);
    }

    /** An error of the server: HTTP status, code and message as the SDK passes them to the application. */
    static final class Refusal extends Exception {
        final int status;
        final String code;
        final String text;
        final String requestId;

        Refusal(int status, String code, String text, String requestId) {
            super(status + " " + code + ": " + text);
            this.status = status;
            this.code = code;
            this.text = text;
            this.requestId = requestId;
        }
    }

    /** A response of the SDK, with fields by the API's names. */
    record Answer(TeaModel response) {
        Object get(String name) throws Exception {
            return response.getClass().getField(fieldName(name)).get(response);
        }

        boolean has(String name) {
            for (var field : response.getClass().getFields()) {
                if (field.getName().equals(fieldName(name))) {
                    return true;
                }
            }
            return false;
        }

        byte[] bytes(String name) throws Exception {
            return get(name) instanceof byte[] value ? value : new byte[0];
        }

        String text(String name) throws Exception {
            return get(name) instanceof String value ? value : "";
        }

        boolean bool(String name) throws Exception {
            return get(name) instanceof Boolean value && value;
        }

        @SuppressWarnings("unchecked")
        Map<String, String> headers() throws Exception {
            return get("ResponseHeaders") instanceof Map<?, ?> headers ? (Map<String, String>) headers : Map.of();
        }

        String version() throws Exception {
            return headers().getOrDefault(VERSION_HEADER, "");
        }
    }

    /** Disables retries and asks for the version header. */
    static RuntimeOptions runtime() {
        return new RuntimeOptions().setAutoretry(false).setResponseHeaders(List.of(VERSION_HEADER));
    }

    Answer call(String operation, Map<String, ?> fields) throws Exception {
        return call(operation, fields, null, runtime());
    }

    /** Calls an operation; fields have the API's names. */
    Answer call(String operation, Map<String, ?> fields, Map<String, String> headers, RuntimeOptions runtime) throws Exception {
        Class<?> kind = Class.forName(MODELS + operation + "Request");
        Object request = kind.getConstructor().newInstance();
        for (Map.Entry<String, ?> field : fields.entrySet()) {
            kind.getField(fieldName(field.getKey())).set(request, field.getValue());
        }
        if (headers != null) {
            kind.getField("requestHeaders").set(request, headers);
        }
        var method = Client.class.getMethod(fieldName(operation) + "WithOptions", kind, RuntimeOptions.class);
        try {
            return new Answer((TeaModel) method.invoke(client, request, runtime));
        } catch (InvocationTargetException failed) {
            throw asRefusal(failed.getCause());
        }
    }

    private static Exception asRefusal(Throwable cause) {
        for (Throwable one = cause; one != null; one = one.getCause()) {
            if (one instanceof TeaException reported && reported.getData() != null && reported.getData().get("httpCode") != null) {
                int status = Integer.parseInt(reported.getData().get("httpCode").toString());
                return new Refusal(status, reported.getCode(), reported.getMessage(), String.valueOf(reported.getData().get("requestId")));
            }
        }
        return new Exception(cause);
    }

    private static String fieldName(String name) {
        return Character.toLowerCase(name.charAt(0)) + name.substring(1);
    }
}
