import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.stream.IntStream;

/** What all clients here ask: Client PORT. */
public class Client {
    private static final HttpClient CLIENT = HttpClient.newHttpClient();
    private static String base;

    public static void main(String[] arguments) {
        base = "http://127.0.0.1:" + arguments[0];
        IntStream.rangeClosed(1, 20).forEach(number -> ask("/items/" + number, 200, null));
        String text = "y".repeat(200_000);
        must(ask("/echo", 200, text).equals(text), "another echo");
        must(ask("/large", 200, null).length() > 300_000, "another length");
        ask("/missing", 404, null);
        IntStream.range(0, 10).parallel().forEach(number -> ask("/items/" + number, 200, null));
    }

    private static String ask(String path, int wanted, String body) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path));
        if (body != null) request.POST(HttpRequest.BodyPublishers.ofString(body));
        try {
            HttpResponse<String> response = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
            must(response.statusCode() == wanted, path + ": " + response.statusCode());
            return response.body();
        } catch (java.io.IOException | InterruptedException error) {
            throw new RuntimeException(path, error);
        }
    }

    private static void must(boolean is, String otherwise) {
        if (!is) throw new IllegalStateException(otherwise);
    }
}
