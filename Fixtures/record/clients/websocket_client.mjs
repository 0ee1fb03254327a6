// Text, JSON, bytes and a close, with Node's own client: node --experimental-websocket websocket_client.mjs URL
const socket = new WebSocket(process.argv[2]);
socket.binaryType = "arraybuffer";
const messages = ["hello", JSON.stringify({ type: "order", sku: "a", count: 2 }), new Uint8Array([1, 2, 3]), "x".repeat(70000)];
socket.onopen = () => socket.send(messages.shift());
socket.onmessage = () => (messages.length > 0 ? socket.send(messages.shift()) : socket.close(1000, "done"));
socket.onclose = () => process.exit(0);
