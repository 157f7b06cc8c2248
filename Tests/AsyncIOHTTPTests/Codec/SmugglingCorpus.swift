import AsyncIOHTTP

/// A request with a body and the given fields, for what two servers could take differently.
private func post(
  _ name: String, _ fields: String, _ body: String, _ code: HTTPCodecError.Code
) -> Sample {
  .request(name, "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)", code)
}

/// A request with an empty chunked body and the given fields.
private func post(_ name: String, _ fields: String, _ code: HTTPCodecError.Code) -> Sample {
  post(name, fields, "0\r\n\r\n", code)
}

/// A chunked request with the given body.
private func chunked(_ name: String, _ body: String, _ code: HTTPCodecError.Code) -> Sample {
  post(name, "Transfer-Encoding: chunked", body, code)
}

/// What is known to make one server see another request than the next.
let smugglingAttempts: [Sample] = [
  post("CL.TE", "Content-Length: 6\r\nTransfer-Encoding: chunked", .conflictingFraming),
  post("TE.CL", "Transfer-Encoding: chunked\r\nContent-Length: 4", .conflictingFraming),
  post(
    "TE.TE, second unknown", "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow",
    .unsupportedTransferCoding),
  post(
    "TE.TE, first unknown", "Transfer-Encoding: cow\r\nTransfer-Encoding: chunked", .unsupportedTransferCoding
  ),
  post(
    "chunked twice", "Transfer-Encoding: chunked\r\nTransfer-encoding: chunked", .unsupportedTransferCoding),
  post("chunked twice in a list", "Transfer-Encoding: chunked, chunked", .unsupportedTransferCoding),
  post("gzip before chunked", "Transfer-Encoding: gzip, chunked", .unsupportedTransferCoding),
  post("chunked not last", "Transfer-Encoding: chunked, gzip", .unsupportedTransferCoding),
  post("not chunked", "Transfer-Encoding: gzip", .unsupportedTransferCoding),
  post("identity", "Transfer-Encoding: identity", .unsupportedTransferCoding),
  post("xchunked", "Transfer-Encoding: xchunked", .unsupportedTransferCoding),
  post("quoted chunked", "Transfer-Encoding: \"chunked\"", .unsupportedTransferCoding),
  post("chunked with parameter", "Transfer-Encoding: chunked;q=1", .unsupportedTransferCoding),
  post("comma before chunked", "Transfer-Encoding: , chunked", .unsupportedTransferCoding),
  post("comma after chunked", "Transfer-Encoding: chunked,", .unsupportedTransferCoding),
  post("empty coding", "Transfer-Encoding:", .unsupportedTransferCoding),
  post("vertical tab before chunked", "Transfer-Encoding: \u{B}chunked", .invalidFieldValue),
  post("space before the colon", "Transfer-Encoding : chunked", .whitespaceBeforeColon),
  post("folded coding", "Transfer-Encoding:\r\n chunked", .obsoleteLineFolding),
  post("coding on the line before", "X: y\rTransfer-Encoding: chunked", .bareCarriageReturn),
  post("line feed hides a coding", "X: y\nTransfer-Encoding: chunked", .bareLineFeed),
  post("differing lengths", "Content-Length: 5\r\nContent-Length: 6", "12345", .conflictingContentLength),
  post("list of lengths", "Content-Length: 5, 5", "12345", .invalidContentLength),
  post("list of differing lengths", "Content-Length: 5, 6", "12345", .invalidContentLength),
  post("plus", "Content-Length: +5", "12345", .invalidContentLength),
  post("minus", "Content-Length: -5", "12345", .invalidContentLength),
  post("minus nought", "Content-Length: -0", "", .invalidContentLength),
  post("hexadecimal", "Content-Length: 0x5", "12345", .invalidContentLength),
  post("exponent", "Content-Length: 5e0", "12345", .invalidContentLength),
  post("point", "Content-Length: 5.0", "12345", .invalidContentLength),
  post("underscore", "Content-Length: 1_0", "1234567890", .invalidContentLength),
  post("space within", "Content-Length: 1 0", "1234567890", .invalidContentLength),
  post("empty length", "Content-Length:", "", .invalidContentLength),
  post("quoted length", "Content-Length: \"5\"", "12345", .invalidContentLength),
  post("digits of another script", "Content-Length: \u{0665}", "12345", .invalidContentLength),
  post("length beyond 63 bits", "Content-Length: 9223372036854775808", "", .lengthOverflow),
  post("length that wraps around", "Content-Length: 18446744073709551621", "12345", .lengthOverflow),
  post(
    "bad length, then a good one", "Content-Length: x\r\nContent-Length: 5", "12345", .invalidContentLength),
  post(
    "good length, then a bad one", "Content-Length: 5\r\nContent-Length: x", "12345", .invalidContentLength),
  post("short body", "Content-Length: 5", "1234", .truncatedBody),
  .request(
    "coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    .transferCodingInHTTP10),
  .request(
    "CONNECT with a body", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345",
    .conflictingFraming),
  .response(
    "response with both", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    .conflictingFraming),
  .response(
    "response with an unknown coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: br\r\n\r\n",
    .unsupportedTransferCoding),
  .response(
    "response with a list", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n12345", .invalidContentLength),
  .response(
    "response to HEAD or not, bad length", "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n",
    .invalidContentLength),
  chunked("0x before the size", "0x5\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
  chunked("sign before the size", "+5\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
  chunked("minus before the size", "-1\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
  chunked("space before the size", " 5\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
  chunked("space after the size", "5 \r\nhello\r\n0\r\n\r\n", .invalidChunkExtension),
  chunked("underscore in the size", "1_0\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
  chunked("empty size", "\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
  chunked("extension without size", ";a\r\nhello\r\n0\r\n\r\n", .invalidChunkSize),
  chunked("size beyond 63 bits", "8000000000000000\r\nhello\r\n0\r\n\r\n", .lengthOverflow),
  chunked("size that wraps around", "10000000000000005\r\nhello\r\n0\r\n\r\n", .lengthOverflow),
  chunked("line feed after the size", "5\nhello\r\n0\r\n\r\n", .bareLineFeed),
  chunked("line feed after an extension", "5;a\nhello\r\n0\r\n\r\n", .bareLineFeed),
  chunked("line feed in a quoted extension", "5;a=\"\n\"\r\nhello\r\n0\r\n\r\n", .bareLineFeed),
  chunked("carriage return after the size", "5\rhello\r\n0\r\n\r\n", .bareCarriageReturn),
  chunked(
    "carriage return in a quoted extension", "5;a=\"\r\n\"\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension),
  chunked("line feed after the data", "5\r\nhello\n0\r\n\r\n", .bareLineFeed),
  chunked("nothing after the data", "5\r\nhello0\r\n\r\n", .missingChunkEnd),
  chunked("data too long", "5\r\nhello!\r\n0\r\n\r\n", .missingChunkEnd),
  chunked("carriage return after the data", "5\r\nhello\r0\r\n\r\n", .missingChunkEnd),
  chunked("empty extension", "5;\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension),
  chunked("extension without value", "5;a=\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension),
  chunked("text after quotes", "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension),
  chunked("words without semicolon", "5 a\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension),
  chunked("NUL in an extension", "5;a\0\r\nhello\r\n0\r\n\r\n", .invalidChunkExtension),
  chunked("line feed after the last chunk", "0\r\n\n", .bareLineFeed),
  chunked("bad trailer", "0\r\nX : y\r\n\r\n", .whitespaceBeforeColon),
  chunked("length as trailer", "0\r\nContent-Length: 5\r\n\r\n", .forbiddenTrailer),
  chunked("coding as trailer", "0\r\nTransfer-Encoding: chunked\r\n\r\n", .forbiddenTrailer),
  chunked("Host as trailer", "0\r\nHost: b\r\n\r\n", .forbiddenTrailer),
  chunked("cut off in the size", "5", .truncatedBody),
  chunked("cut off in the data", "5\r\nhel", .truncatedBody),
  chunked("cut off before the last chunk", "5\r\nhello\r\n", .truncatedBody),
  chunked("cut off in the trailers", "0\r\nX: y\r\n", .truncatedBody),
]
