//! What all servers here say: server PORT.
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::{TcpListener, TcpStream};

fn send(stream: &mut TcpStream, status: &str, kind: &str, body: &[u8]) -> Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(&[head.as_bytes(), body].concat())
}

fn answer(mut stream: TcpStream) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let (mut request, mut length) = (String::new(), 0);
        if reader.read_line(&mut request)? == 0 {
            return Ok(());
        }
        loop {
            let mut field = String::new();
            reader.read_line(&mut field)?;
            if field.trim().is_empty() {
                break;
            }
            if let Some(value) = field.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let path = request.split(' ').nth(1).unwrap_or("");
        let item = path.strip_prefix("/items/").and_then(|number| number.parse::<u32>().ok());
        match (path, item) {
            ("/echo", _) => send(&mut stream, "200 OK", "text/plain", &body)?,
            ("/large", _) => {
                let text = format!("{{\"text\":\"{}\"}}", "x".repeat(300_000));
                send(&mut stream, "200 OK", "application/json", text.as_bytes())?
            }
            (_, Some(id)) => {
                let text = format!("{{\"id\":{id},\"name\":\"item {id}\"}}");
                send(&mut stream, "200 OK", "application/json", text.as_bytes())?
            }
            _ => send(&mut stream, "404 Not Found", "application/json", b"{\"error\":\"no such thing\"}")?,
        }
    }
}

fn main() -> Result<()> {
    let port = std::env::args().nth(1).expect("a port");
    for stream in TcpListener::bind(format!("127.0.0.1:{port}"))?.incoming() {
        let stream = stream?;
        std::thread::spawn(move || answer(stream));
    }
    Ok(())
}
