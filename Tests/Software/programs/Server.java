import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What all servers here say: Server PORT. */
public class Server {
    private static final Pattern ITEM = Pattern.compile("/items/(\\d+)");

    public static void main(String[] arguments) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])), 0);
        server.createContext("/", Server::answer);
        server.setExecutor(Executors.newFixedThreadPool(8));
        server.start();
    }

    private static void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        Matcher item = ITEM.matcher(path);
        byte[] body = exchange.getRequestBody().readAllBytes();
        if (path.equals("/large")) {
            send(exchange, 200, ("{\"text\":\"" + "x".repeat(300_000) + "\"}").getBytes(), "application/json");
        } else if (exchange.getRequestMethod().equals("POST")) {
            send(exchange, 200, body, "text/plain");
        } else if (item.matches()) {
            String number = item.group(1);
            send(exchange, 200, ("{\"id\":" + number + ",\"name\":\"item " + number + "\"}").getBytes(), "application/json");
        } else {
            send(exchange, 404, "{\"error\":\"no such thing\"}".getBytes(), "application/json");
        }
    }

    private static void send(HttpExchange exchange, int status, byte[] body, String type) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }
}
