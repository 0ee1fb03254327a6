// Node.js' own server of HTTP/2, in plain text: node_http2.mjs PORT
import { createServer } from "node:http2";

const goods = Array.from({ length: 200 }, (_, id) => ({ id, name: `good ${id}`, price: id * 1.5 }));

createServer((request, response) => {
  const say = (status, value) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(value === undefined ? undefined : JSON.stringify(value));
  };
  const [, kind, id] = request.url.split("/");
  let length = 0;
  request.on("data", (bytes) => (length += bytes.length));
  request.on("end", () => {
    if (kind === "goods" && id === undefined) return say(200, goods);
    if (kind === "goods" && request.method === "DELETE") return say(204);
    if (kind === "goods") return Number(id) < goods.length ? say(200, goods[id]) : say(404, { error: "no such good" });
    if (kind === "orders") return say(201, { order: 7, length });
    if (kind === "sums") {
      // What is known at the end alone: trailers.
      response.writeHead(200, { "content-type": "application/json", trailer: "checksum" });
      response.addTrailers({ checksum: "42" });
      return response.end(JSON.stringify({ sum: 42 }));
    }
    say(500, { error: "what is this?" });
  });
}).listen(Number(process.argv[2]), "127.0.0.1");
