package claviger.conformance;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A `claviger dev` process on free loopback ports, and the command line that calls it.
 *
 * <p>The environment variable CLAVIGER_BIN contains the path of the binary.
 */
final class Server implements AutoCloseable {
    private static final Pattern READY = Pattern.compile("claviger ready https://(127\\.0\\.0\\.1:\\d+) instance \\S+");
    private static final int START_S_MAX = 60;
    private static final int STOP_S_MAX = 30;

    final Path dir;
    final String endpoint;
    private final Process process;

    private Server(Path dir, String endpoint, Process process) {
        this.dir = dir;
        this.endpoint = endpoint;
        this.process = process;
    }

    /** A server that another process starts and stops. */
    static Server external(Path dir, String endpoint) {
        return new Server(dir, endpoint, null);
    }

    /** Starts the server and waits for its ready line. */
    static Server start(Path dir) throws Exception {
        List<String> words = List.of(binary(), "dev", "--data-dir", dir.toString(),
                "--listen", "127.0.0.1:" + freePort(), "--admin", "127.0.0.1:" + freePort());
        Process process = new ProcessBuilder(words).redirectError(new File(dir + ".log")).start();
        CompletableFuture<String> ready = new CompletableFuture<>();
        Thread reader = new Thread(() -> read(process, ready));
        reader.setDaemon(true);
        reader.start();
        try {
            return new Server(dir, ready.get(START_S_MAX, TimeUnit.SECONDS), process);
        } catch (Exception late) {
            process.destroyForcibly();
            throw new AssertionError("no ready line; log:\n" + Files.readString(Path.of(dir + ".log")), late);
        }
    }

    private static void read(Process process, CompletableFuture<String> ready) {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Matcher found = READY.matcher(line);
                if (found.matches()) {
                    ready.complete(found.group(1));
                }
            }
        } catch (IOException broken) {
            ready.completeExceptionally(broken);
        }
        ready.completeExceptionally(new IOException("the server ended"));
    }

    static String binary() {
        String path = System.getenv("CLAVIGER_BIN");
        if (path == null) {
            throw new AssertionError("set CLAVIGER_BIN to the claviger binary, or run `cargo xtask test --only conformance-java`");
        }
        return path;
    }

    private static int freePort() throws IOException {
        try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return probe.getLocalPort();
        }
    }

    /** Sends SIGTERM. The server must still be running, exit with code 0, and have written no secret to its log. */
    @Override
    public void close() throws Exception {
        if (process == null) {
            return;
        }
        String log = "log:\n" + Files.readString(Path.of(dir + ".log"));
        if (!process.isAlive()) {
            throw new AssertionError("the server died; " + log);
        }
        process.destroy();
        if (!process.waitFor(STOP_S_MAX, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("still running after SIGTERM; " + log);
        }
        if (process.exitValue() != 0) {
            throw new AssertionError("exit code " + process.exitValue() + " after SIGTERM; " + log);
        }
        if (log.contains(password()) || log.contains("PRIVATE KEY")) {
            throw new AssertionError("a secret is in the log");
        }
    }

    String text(String name) throws IOException {
        return Files.readString(dir.resolve(name));
    }

    String password() throws IOException {
        return text("client-key-password.txt").strip();
    }

    /** Runs a command against the server; returns its JSON output. Throws {@link CommandFailed} if the command fails. */
    JsonObject run(String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of(binary()));
        command.addAll(List.of(words));
        command.addAll(List.of("--data-dir", dir.toString(), "--endpoint", "https://" + endpoint, "--output", "json"));
        Process done = new ProcessBuilder(command).redirectErrorStream(true).start();
        String out = new String(done.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (done.waitFor() != 0) {
            throw new CommandFailed(out);
        }
        return JsonParser.parseString(out).getAsJsonObject();
    }

    static final class CommandFailed extends Exception {
        CommandFailed(String out) {
            super(out);
        }
    }

    String createKey(String spec, String usage) throws Exception {
        return metadata("KeyId", "key", "create", "--spec", spec, "--usage", usage);
    }

    /** The id of the version with which Advance operations encrypt. */
    String primaryVersion(String key) throws Exception {
        return metadata("PrimaryKeyVersion", "key", "describe", key);
    }

    /** The id of the key that is created on the first start. */
    String devKey() throws Exception {
        return metadata("KeyId", "key", "describe", "alias/dev");
    }

    private String metadata(String field, String... words) throws Exception {
        return run(words).getAsJsonObject("KeyMetadata").get(field).getAsString();
    }
}
