//! What all clients here ask: client PORT.
use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;

struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

impl Client {
    fn new(port: &str) -> Result<Client> {
        let stream = TcpStream::connect(format!("127.0.0.1:{port}"))?;
        let reader = BufReader::new(stream.try_clone()?);
        Ok(Client { stream, reader })
    }

    fn ask(&mut self, method: &str, path: &str, wanted: &str, body: &[u8]) -> Result<Vec<u8>> {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: shop.test\r\nContent-Length: {}\r\n\r\n", body.len());
        self.stream.write_all(head.as_bytes())?;
        self.stream.write_all(body)?;
        let (mut status, mut length) = (String::new(), 0);
        self.reader.read_line(&mut status)?;
        assert!(status.contains(wanted), "{path}: {status}");
        loop {
            let mut field = String::new();
            self.reader.read_line(&mut field)?;
            if field.trim().is_empty() {
                break;
            }
            if let Some(value) = field.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut text = vec![0; length];
        self.reader.read_exact(&mut text)?;
        Ok(text)
    }
}

fn main() -> Result<()> {
    let port = std::env::args().nth(1).expect("a port");
    let mut client = Client::new(&port)?;
    for number in 1..=20 {
        client.ask("GET", &format!("/items/{number}"), "200", b"")?;
    }
    let text = vec![b'y'; 200_000];
    assert_eq!(client.ask("POST", "/echo", "200", &text)?, text);
    assert!(client.ask("GET", "/large", "200", b"")?.len() > 300_000);
    client.ask("GET", "/missing", "404", b"")?;
    let others: Vec<_> = (0..10)
        .map(|number| {
            let port = port.clone();
            std::thread::spawn(move || Client::new(&port)?.ask("GET", &format!("/items/{number}"), "200", b""))
        })
        .collect();
    for other in others {
        other.join().expect("a thread")?;
    }
    Ok(())
}
