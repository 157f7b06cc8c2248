import AsyncIO
import AsyncIOHTTP
import AsyncIOTLS
import HTTPTypes

/// What to crawl, how politely, and what to do with it.
struct CrawlSettings: Sendable {
  /// Where to begin.
  var start: HTTPURL
  /// Which URLs belong to the crawl.
  var scope: CrawlScope
  /// How many links away from the start a page may be.
  var depth = 20
  /// How many URLs are fetched at most.
  var pages = 10_000
  /// How many URLs that differ in numbers and in values of parameters alone are fetched at most.
  var alike = 1000
  /// How long a URL may be, in bytes.
  var urlLength = 2000
  /// How many redirects one after another are followed.
  var hops = 10
  /// How many requests are under way at a time.
  var limit = 10
  /// How many of them with one server.
  var limitPerHost = 2
  /// How many requests are begun in a second with one server; 0 for no limit.
  var rate = 10
  /// How often a request is sent again that has failed in a way that may pass.
  var retries = 2
  /// How long one request may take.
  var timeout = Duration.seconds(30)
  /// How large a page may be, in bytes.
  var size = 4 << 20
  /// What the crawler calls itself; what it begins with is its name in robots.txt.
  var userAgent = "asyncio-crawl/0.1.0"
  /// Whether pictures, scripts and the like are checked too.
  var withAssets = false
  /// Whether pages that sitemaps list are fetched too.
  var readsSitemaps = false
  /// Whether pages that say they are copies of others are taken for pages of their own.
  var ignoresCanonical = false
  /// Whether parameters that hold sessions and campaigns stay in URLs.
  var keepsParameters = false
  /// Fields of each request.
  var fields: HTTPFields = [:]
  /// Whom to trust over TLS, and who we are.
  var tls: TLSContext?
  /// Which requests go through which proxy.
  var proxies = HTTPProxies.environment
  /// What stands in the place of the network, in tests.
  var network: [any HTTPMiddleware] = []
  /// How results are printed.
  var output = Output.text

  /// How results are printed.
  enum Output: Sendable {
    /// Each as a line of text.
    case text
    /// Each as a line of JSON.
    case json
    /// As text what is broken, and nothing else.
    case broken
    /// Not at all.
    case nothing
  }

  /// The crawl of what begins at `start`.
  init(start: HTTPURL, scope: CrawlScope) {
    self.start = start
    self.scope = scope
  }

  /// A session for the requests; the lanes say when each is sent.
  var session: HTTPSession.Configuration {
    var configuration = HTTPSession.Configuration()
    configuration.timeout = timeout
    // Where a redirect leads is found like a link: so it is checked like one, and fetched once.
    configuration.redirects = .none
    configuration.connectionsPerHost = limitPerHost
    configuration.connections = limit
    configuration.userAgent = userAgent
    configuration.fields = fields
    configuration.tls = tls
    configuration.proxies = proxies
    // A session of the server's would make of each page another one.
    configuration.cookies = nil
    configuration.middleware = network
    return configuration
  }
}
