//! One connection that asks and waits for the answer, HTTP/1.1.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A head or an answer beyond these is no answer of a moderation service.
const MOST_HEAD: u64 = 64 << 10;
const MOST_BODY: usize = 16 << 20;

/// Kept open between requests.
pub(super) struct Connection {
    stream: BufReader<TcpStream>,
    /// The body of the last answer.
    pub(super) body: Vec<u8>,
    /// Whether the service keeps it open too.
    pub(super) open: bool,
}

impl Connection {
    /// # Errors
    /// When nobody answers there in time.
    pub(super) fn open(address: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        Ok(Self { stream: BufReader::new(stream), body: Vec::new(), open: true })
    }

    /// Sends a request and reads its answer; gives the status, leaves the body.
    ///
    /// # Errors
    /// When the connection breaks, nothing comes in time, or what comes is not HTTP.
    pub(super) fn ask(&mut self, request: &[u8]) -> io::Result<u16> {
        self.stream.get_mut().write_all(request)?;
        loop {
            let head = self.head()?;
            if head.status >= 200 {
                self.open = !head.close;
                self.read_body(&head)?;
                return Ok(head.status);
            }
        }
    }

    fn head(&mut self) -> io::Result<Head> {
        let mut lines = (&mut self.stream).take(MOST_HEAD);
        let mut line = String::new();
        let mut head: Option<Head> = None;
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match (&mut head, line.trim_end()) {
                (None, status) => head = Some(Head::new(status).ok_or_else(no_http)?),
                (Some(_), "") => return head.ok_or_else(no_http),
                (Some(head), field) => head.field(field),
            }
        }
    }

    fn read_body(&mut self, head: &Head) -> io::Result<()> {
        self.body.clear();
        if !head.chunked {
            return match head.length {
                Some(length) => self.take(length),
                None if head.close => {
                    (&mut self.stream).take(MOST_BODY as u64).read_to_end(&mut self.body).map(drop)
                }
                None => Ok(()),
            };
        }
        let mut line = String::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let size = line.trim_end().split(';').next().unwrap_or_default();
            let size = usize::from_str_radix(size, 16).map_err(|_| no_http())?;
            self.take(size)?;
            // The line break behind a piece, or the fields and the empty line behind the last.
            loop {
                line.clear();
                if self.stream.read_line(&mut line)? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                if line.trim_end().is_empty() {
                    break;
                }
            }
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn take(&mut self, count: usize) -> io::Result<()> {
        let start = self.body.len();
        if start.saturating_add(count) > MOST_BODY {
            return Err(no_http());
        }
        self.body.resize(start + count, 0);
        self.stream.read_exact(&mut self.body[start..])
    }
}

/// What of an answer's head matters here.
struct Head {
    status: u16,
    length: Option<usize>,
    chunked: bool,
    close: bool,
}

impl Head {
    fn new(line: &str) -> Option<Self> {
        let rest = line.strip_prefix("HTTP/1.")?;
        let status = rest.split(' ').nth(1)?.parse().ok()?;
        Some(Self { status, length: None, chunked: false, close: rest.starts_with('0') })
    }

    fn field(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return };
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => self.length = value.parse().ok(),
            "transfer-encoding" => self.chunked = value.eq_ignore_ascii_case("chunked"),
            "connection" => self.close = value.eq_ignore_ascii_case("close"),
            _ => {}
        }
    }
}

fn no_http() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A service that gives these answers, whatever it is asked.
    fn scripted(answers: &'static [&'static str]) -> SocketAddr {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            for answer in answers {
                let mut asked = [0; 256];
                let _ = stream.read(&mut asked);
                stream.write_all(answer.as_bytes()).expect("sent");
            }
        });
        address
    }

    fn connect(answers: &'static [&'static str]) -> Connection {
        Connection::open(scripted(answers), Duration::from_secs(5)).expect("connects")
    }

    #[test]
    fn answers_of_every_length_are_read_to_their_end() {
        let mut c = connect(&[
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 429 Too Many\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 None\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        ]);
        assert_eq!((c.ask(b"x").expect("answered"), c.body.as_slice()), (200, b"hello".as_slice()));
        assert_eq!((c.ask(b"x").expect("answered"), c.body.as_slice()), (429, b"abcde".as_slice()));
        assert!(c.open);
        assert_eq!((c.ask(b"x").expect("answered"), c.body.len(), c.open), (204, 0, false));
    }

    #[test]
    fn what_is_cut_off_or_no_http_is_an_error() {
        assert!(connect(&["HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhello"]).ask(b"x").is_err());
        assert!(connect(&["+OK\r\n"]).ask(b"x").is_err());
        assert!(connect(&["HTTP/1.1 200 OK\r\n"]).ask(b"x").is_err());
        assert!(connect(&["HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n"]).ask(b"x").is_err());
    }
}
