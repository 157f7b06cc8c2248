// The routes as a tree of segments, so that finding one takes as long as the path, however many there are.
//
// At each node a literal comes first, then what matches one segment (`:name` and `*` alike), then `**`; where the first of them
// leads nowhere, the next is tried. That is the whole of the precedence: the more a route says, from the left, the sooner it is
// taken. Going back costs at most one look at each node that a path leads to, of which there are few.

import HTTPTypes

/// Finds the route for a method and a path.
struct HTTPRouteTree: Sendable {
  private struct Node: Sendable {
    var literals = HTTPSegmentTable()
    /// The node behind `:name` or `*`.
    var segment: Int?
    /// The node behind `**`.
    var rest: Int?
    /// The routes that end here.
    var routes: [(method: HTTPRequest.Method, route: Int)] = []
  }

  /// What is known of a path.
  enum Outcome {
    /// The number of the route, and where the segments that it leaves open stand in the path; what `**` stands for begins at
    /// `rest`.
    case found(route: Int, open: [Range<Int>], rest: Int?)
    /// There are routes, but for these methods only.
    case otherMethods([HTTPRequest.Method])
    case nothing
  }

  private var nodes = [Node()]

  /// Adds a route.
  ///
  /// - Returns: The number of the route that is there already, if there is one for the same method and the same paths.
  mutating func insert(_ pattern: HTTPRoutePattern, _ method: HTTPRequest.Method, _ route: Int) -> Int? {
    var place = 0
    for segment in pattern.segments { place = child(of: place, for: segment) }
    if let other = nodes[place].routes.first(where: { $0.method == method }) { return other.route }
    nodes[place].routes.append((method, route))
    return nil
  }

  private mutating func child(of place: Int, for segment: HTTPRoutePattern.Segment) -> Int {
    let known: Int? =
      switch segment {
      case .literal(let text): nodes[place].literals.find(text.utf8.span, in: 0..<text.utf8.count)
      case .parameter, .wildcard: nodes[place].segment
      case .rest: nodes[place].rest
      }
    if let known { return known }
    let new = nodes.count
    nodes.append(Node())
    switch segment {
    case .literal(let text): nodes[place].literals.insert(Array(text.utf8), new)
    case .parameter, .wildcard: nodes[place].segment = new
    case .rest: nodes[place].rest = new
    }
    return new
  }

  // MARK: Finding

  /// Finds the route for a path, which ends before `end` in `bytes`.
  ///
  /// - Complexity: O(*n*) in the length of the path, whatever the number of routes.
  func find(_ method: HTTPRequest.Method, _ bytes: Span<UInt8>, end: Int) -> Outcome {
    guard end > 0, bytes[0] == UInt8(ascii: "/") else { return .nothing }
    var search = Search(method: method)
    if descend(from: 0, bytes, at: 1, end: end, &search) {
      return .found(route: search.route, open: search.open, rest: search.rest)
    }
    return search.others.isEmpty ? .nothing : .otherMethods(search.others)
  }

  private struct Search {
    let method: HTTPRequest.Method
    var open: [Range<Int>] = []
    var rest: Int?
    var route = -1
    /// The methods of routes that match but for their method.
    var others: [HTTPRequest.Method] = []
  }

  /// Tries what is below a node with the segment that begins at `start`; true if the route was found.
  private func descend(
    from place: Int, _ bytes: Span<UInt8>, at start: Int, end: Int, _ search: inout Search
  ) -> Bool {
    let stop = bytes.firstIndex(of: UInt8(ascii: "/"), in: start..<end) ?? end
    if let next = literal(at: place, bytes, in: start..<stop),
      goOn(to: next, bytes, after: stop, end: end, &search)
    {
      return true
    }
    if start < stop, let next = nodes[place].segment {
      search.open.append(start..<stop)
      if goOn(to: next, bytes, after: stop, end: end, &search) { return true }
      search.open.removeLast()
    }
    if let next = nodes[place].rest, settle(at: next, &search) {
      search.rest = start
      return true
    }
    return false
  }

  private func goOn(
    to place: Int, _ bytes: Span<UInt8>, after stop: Int, end: Int, _ search: inout Search
  ) -> Bool {
    if stop == end { return settle(at: place, &search) }
    return descend(from: place, bytes, at: stop + 1, end: end, &search)
  }

  private func literal(at place: Int, _ bytes: Span<UInt8>, in range: Range<Int>) -> Int? {
    if nodes[place].literals.isEmpty { return nil }
    if bytes.firstIndex(of: UInt8(ascii: "%"), in: range) == nil {
      return nodes[place].literals.find(bytes, in: range)
    }
    let decoded = HTTPURLPath.decoding(bytes, in: range)
    return nodes[place].literals.find(decoded.span, in: 0..<decoded.count)
  }

  /// Takes the route that ends at a node, if there is one for the method; `HEAD` is answered by what answers `GET`.
  private func settle(at place: Int, _ search: inout Search) -> Bool {
    let routes = nodes[place].routes
    let found =
      routes.first { $0.method == search.method }
      ?? (search.method == .head ? routes.first { $0.method == .get } : nil)
    if let found {
      search.route = found.route
      return true
    }
    for route in routes where !search.others.contains(route.method) { search.others.append(route.method) }
    return false
  }
}
