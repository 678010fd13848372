package claviger.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import claviger.conformance.InstanceApi.Answer;
import claviger.conformance.InstanceApi.Refusal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.function.Executable;

/** The server that all tests share, the keys of the table, and the expected refusals of what is not built yet. */
final class Suite implements BeforeAllCallback {
    static Server server;
    static InstanceApi api;
    static Table table;
    static Table.NotBuilt notBuilt;
    static String devKey;
    private static final Map<String, Optional<String>> KEYS = new HashMap<>();

    @Override
    public void beforeAll(ExtensionContext context) {
        // The store closes the server after the last test of all.
        context.getRoot().getStore(ExtensionContext.Namespace.GLOBAL).computeIfAbsent("server", key -> started(), Server.class);
    }

    private static Server started() {
        try {
            table = Table.read("table.json", Table.class);
            notBuilt = Table.read("not-built.json", Table.NotBuilt.class);
            String folder = System.getenv("CLAVIGER_EXCHANGE");
            server = folder == null
                    ? Server.start(scratch().resolve("data"))
                    : Server.external(Path.of(folder, "data"), System.getenv("CLAVIGER_EXCHANGE_ENDPOINT"));
            api = new InstanceApi(server);
            devKey = server.devKey();
            return server;
        } catch (Exception failed) {
            throw new AssertionError(failed);
        }
    }

    /** The id of the key with that name in the table, created on first use; empty if such keys are not built yet. */
    static synchronized Optional<String> keyOf(String name) throws Exception {
        if (!KEYS.containsKey(name)) {
            KEYS.put(name, made(table.keys.get(name)));
        }
        return KEYS.get(name);
    }

    private static Optional<String> made(Table.Key kind) throws Exception {
        if (notBuilt.keySpecs.contains(kind.spec)) {
            assertThrows(Server.CommandFailed.class, () -> server.createKey(kind.spec, kind.usage),
                    kind.spec + " keys can be created: remove the spec from not-built.json");
            return Optional.empty();
        }
        String id = server.createKey(kind.spec, kind.usage);
        if (kind.disabled) {
            server.run("key", "disable", id);
        }
        return Optional.of(id);
    }

    /** Calls an operation that must succeed. If it is not built yet, it must be refused as unknown, and there is no answer. */
    static Optional<Answer> call(String operation, Map<String, ?> fields) throws Exception {
        if (notBuilt.operations.contains(operation)) {
            mustRefuse(400, "InvalidApiName", "The ApiName \"" + operation + "\" is invalid.", () -> api.call(operation, fields));
            return Optional.empty();
        }
        Answer answer = api.call(operation, fields);
        assertFalse(answer.text("RequestId").isEmpty());
        return Optional.of(answer);
    }

    /** Checks a refusal; a null message is not compared. */
    static void mustRefuse(int status, String code, String message, Executable call) {
        Refusal refusal = assertThrows(Refusal.class, call);
        assertEquals(status + " " + code, refusal.status + " " + refusal.code);
        if (message != null) {
            assertEquals(message, refusal.text);
        }
        assertTrue(refusal.requestId.length() == 36, refusal.requestId);
    }

    static Path scratch() throws Exception {
        return Files.createTempDirectory("claviger-conformance-java");
    }
}
