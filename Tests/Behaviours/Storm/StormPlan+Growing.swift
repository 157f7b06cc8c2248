import AsyncIORuntime

extension StormPlan {
  /// Grows a plan of about `size` leaves.
  static func grow(size: Int, usesThreads: Bool, _ dice: inout SeededNumbers) -> StormPlan {
    var number = 0
    // Each storm has some kinds of operations only, so that in many of them none fails.
    let deeds = Leaf.Deed.allCases.filter { deed in
      dice.hits(oneIn: 2) && (usesThreads || deed != .blocksAThread)
    }
    return grow(size: size, deeds, &number, &dice)
  }

  private static func grow(
    size: Int, _ deeds: [Leaf.Deed], _ number: inout Int, _ dice: inout SeededNumbers
  ) -> StormPlan {
    guard size > 1 else { return leaf(deeds, &number, &dice) }
    let limit: Int? = dice.hits(oneIn: 2) ? nil : Int.random(in: 1...4, using: &dice)
    switch Int.random(in: 0..<14, using: &dice) {
    case 0...2: return .gather(split(size, deeds, &number, &dice), limit: limit)
    case 3...4:
      let plans = split(size, deeds, &number, &dice)
      let count = dice.hits(oneIn: 3) ? Int.random(in: 0...plans.count, using: &dice) : nil
      return .asCompleted(plans, limit: limit, leavesAfter: count)
    case 5: return .timeout(dice.duration(upTo: 4000), grow(size: size, deeds, &number, &dice))
    case 6...7:
      let delay = dice.hits(oneIn: 2) ? dice.duration(upTo: 2000) : nil
      return .task(grow(size: size, deeds, &number, &dice), cancelledAfter: delay)
    case 8...9:
      let delay = dice.hits(oneIn: 2) ? dice.duration(upTo: 2000) : nil
      return .scope(split(size, deeds, &number, &dice), cancelledAfter: delay)
    case 10: return .race(split(size, deeds, &number, &dice))
    case 11: return .results(split(size, deeds, &number, &dice))
    case 12: return .shield(grow(size: size, deeds, &number, &dice))
    default: return .caught(grow(size: size, deeds, &number, &dice))
    }
  }

  /// Grows several plans that have `size` leaves together.
  private static func split(
    _ size: Int, _ deeds: [Leaf.Deed], _ number: inout Int, _ dice: inout SeededNumbers
  ) -> [StormPlan] {
    var left = size
    var plans: [StormPlan] = []
    while left > 0 {
      let part = Int.random(in: 1...max(1, left / 2), using: &dice)
      plans.append(grow(size: part, deeds, &number, &dice))
      left -= part
    }
    return plans
  }

  private static func leaf(_ deeds: [Leaf.Deed], _ number: inout Int, _ dice: inout SeededNumbers)
    -> StormPlan
  {
    number += 1
    let deed = deeds.randomElement(using: &dice) ?? .returns
    let leaf = Leaf(number: number, deed: deed, delay: dice.duration(upTo: 1500))
    return dice.hits(oneIn: 8) ? .forgotten(leaf) : .leaf(leaf)
  }
}
