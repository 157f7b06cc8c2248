// A server that says hello, on tokio with one thread.  usage: helloserver PORT
use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Method, Request, Response, Server, StatusCode};
use std::convert::Infallible;
use std::net::SocketAddr;

async fn answer(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path();
    let mut response = if request.method() != Method::GET {
        Response::new(Body::empty())
    } else if path == "/hello" {
        Response::new(Body::from("Hello, world!"))
    } else if let Some(id) = path.strip_prefix("/users/") {
        Response::new(Body::from(format!("User {id}")))
    } else {
        let mut missing = Response::new(Body::empty());
        *missing.status_mut() = StatusCode::NOT_FOUND;
        missing
    };
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

fn main() {
    let port: u16 = std::env::args().nth(1).and_then(|text| text.parse().ok()).expect("a port");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async move {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let make = make_service_fn(|_| async { Ok::<_, Infallible>(service_fn(answer)) });
        Server::bind(&address).tcp_nodelay(true).serve(make).await.unwrap();
    });
}
