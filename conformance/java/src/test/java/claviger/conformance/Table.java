package claviger.conformance;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.annotations.SerializedName;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Reads conformance/table.json and conformance/not-built.json, which the suites of all languages run. */
final class Table {
    static final class Key {
        @SerializedName("KeySpec") String spec;
        @SerializedName("KeyUsage") String usage;
        @SerializedName("Disabled") boolean disabled;
    }

    /** An operation that encrypts a plaintext of the caller, or (without ivs) one that generates a data key. */
    static final class Seal {
        String key;
        String operation;
        String algorithm;
        List<String> open;
        @SerializedName("default") boolean isDefault;
        int[] sizes;
        int[] aads;
        int[] ivs;
        int overhead;
        int length;
    }

    static final class Pairs {
        Map<String, List<String>> operations;
        List<String> specs;
        List<String> formats;
        int[] aads;
    }

    static final class Signature {
        String key;
        String algorithm;
        @SerializedName("default") boolean isDefault;
        int[] sizes;
    }

    static final class Refusal {
        String operation;
        String error;
        String key;
        Map<String, JsonElement> fields;
    }

    static final class NotBuilt {
        List<String> operations;
        @SerializedName("key_specs") List<String> keySpecs;
    }

    Map<String, Key> keys;
    List<Seal> seals;
    @SerializedName("data_keys") List<Seal> dataKeys;
    Pairs pairs;
    List<Signature> signatures;
    int[] randoms;
    Map<String, JsonElement> errors;
    List<Refusal> refusals;

    static <T> T read(String name, Class<T> kind) throws Exception {
        return new Gson().fromJson(Files.readString(Path.of("..", name)), kind);
    }

    /** A field of a refusal: literal text, a number of bytes, or {"number": n}. */
    static Object value(JsonElement raw) {
        if (raw.isJsonObject()) {
            return raw.getAsJsonObject().get("number").getAsInt();
        }
        return raw.getAsJsonPrimitive().isNumber() ? bytes(raw.getAsInt()) : raw.getAsString();
    }

    static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) 0x5a);
        return bytes;
    }

    /** The ways to select an algorithm: by name, and by omission if it is the default. */
    static List<String> algorithms(String name, boolean isDefault) {
        return isDefault ? List.of(name, "") : List.of(name);
    }
}
