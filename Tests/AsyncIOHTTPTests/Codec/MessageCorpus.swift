import AsyncIOHTTP
import HTTPTypes
import Testing

/// A message and what the codec is to make of it.
struct Sample: CustomTestStringConvertible, Sendable {
  let name: String
  let role: Role
  let text: String
  /// `nil` for a message that is to be read.
  var code: HTTPCodecError.Code?

  var bytes: [UInt8] { Array(text.utf8) }
  var testDescription: String { name }

  static func request(_ name: String, _ text: String, _ code: HTTPCodecError.Code? = nil) -> Sample {
    Sample(name: name, role: .request, text: text, code: code)
  }

  static func response(
    _ name: String, _ text: String, to method: HTTPRequest.Method = .get, _ code: HTTPCodecError.Code? = nil
  ) -> Sample {
    Sample(name: name, role: .response(to: method), text: text, code: code)
  }
}

/// Messages that are to be read.
let goodMessages: [Sample] = [
  .request(
    "RFC 9112 §2.1",
    "GET /hello.txt HTTP/1.1\r\nUser-Agent: curl/7.64.1\r\nHost: www.example.com\r\n"
      + "Accept-Language: en, mi\r\n\r\n"),
  .request("wrk", "GET /index.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"),
  .request("empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"),
  .request(
    "absolute form", "GET http://www.example.org/pub/WWW/TheProject.html HTTP/1.1\r\nHost: other\r\n\r\n"),
  .request("authority form", "CONNECT www.example.com:80 HTTP/1.1\r\nHost: www.example.com\r\n\r\n"),
  .request("asterisk form", "OPTIONS * HTTP/1.1\r\nHost: www.example.org:8001\r\n\r\n"),
  .request("post", "POST /form HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 7\r\n\r\na=b&c=dGET"),
  .request(
    "chunked post",
    "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
      + "4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n"),
  .request("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n"),
  .request("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n"),
  .request("empty value, tabs, no blanks", "GET / HTTP/1.1\r\nHost:a\r\nX-Empty:\r\nX-Tab:\ta\tb \t\r\n\r\n"),
  .request("odd but legal", "M-SEARCH /a|b{c}?[d]=\\ HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~: x\r\n\r\n"),
  .response(
    "nginx",
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
      + "Content-Type: text/html\r\nContent-Length: 12\r\nConnection: keep-alive\r\nETag: \"65a1b2c3-264\"\r\n"
      + "Accept-Ranges: bytes\r\n\r\nHello world!HTTP/1.1"),
  .response("without reason", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n"),
  .response("without reason and space", "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n"),
  .response("reason in UTF-8", "HTTP/1.1 404 Où\r\nContent-Length: 0\r\n\r\n"),
  .response("value in UTF-8", "HTTP/1.1 200 OK\r\nX-Name: J\u{FC}rgen\r\nContent-Length: 1\r\n\r\n."),
  .response("until close", "HTTP/1.0 200 OK\r\n\r\nall the rest\r\n\r\n"),
  .response("no content", "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1"),
  .response("not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\n\r\n"),
  .response("to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", to: .head),
  .response("continue", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"),
  .response(
    "tunnel", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: gzip\r\n\r\n", to: .connect),
  .response(
    "chunked with everything",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding:  Chunked \r\nTrailer: X-Sum\r\n\r\n"
      + "5;a=b;c=\"d;\\\"\"\r\nhello\r\n"
      + "00A ; name ;x = y\r\n0123456789\r\n000;last\r\nX-Sum: 1\r\nX-Empty:\r\n\r\nHTTP/1.1"),
  .response("same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
]
