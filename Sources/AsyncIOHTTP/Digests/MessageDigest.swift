// Written here because nothing at hand offers them: NIOSSL does not export what its BoringSSL has, and a package for cryptography
// would be a heavy dependency for a way to log in that few servers still want, and for a proof that a server knows WebSockets.
// Nothing secret hangs on the speed or the timing of these: what they make goes over the connection.

/// MD5 (RFC 1321) and SHA-256 (FIPS 180-4), of which Digest authentication is made, and SHA-1 (RFC 3174), of which the handshake of
/// WebSockets is.
enum MessageDigest {
  static func md5(_ message: [UInt8]) -> [UInt8] {
    var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476]
    for block in blocks(of: message, isBigEndian: false) {
      let words = words(of: block).map(\.byteSwapped)
      var (a, b, c, d) = (state[0], state[1], state[2], state[3])
      for step in 0..<64 {
        let (mixed, index): (UInt32, Int)
        switch step / 16 {
        case 0: (mixed, index) = ((b & c) | (~b & d), step)
        case 1: (mixed, index) = ((d & b) | (~d & c), (5 * step + 1) % 16)
        case 2: (mixed, index) = (b ^ c ^ d, (3 * step + 5) % 16)
        default: (mixed, index) = (c ^ (b | ~d), 7 * step % 16)
        }
        var sum = a &+ mixed
        sum = sum &+ sines[step] &+ words[index]
        (a, d, c) = (d, c, b)
        b = b &+ rotate(sum, left: shifts[step / 16 * 4 + step % 4])
      }
      for (index, value) in [a, b, c, d].enumerated() { state[index] &+= value }
    }
    return bytes(of: state.map(\.byteSwapped))
  }

  /// SHA-1 (RFC 3174), for the handshake of WebSockets alone.
  static func sha1(_ message: [UInt8]) -> [UInt8] {
    var state: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
    for block in blocks(of: message, isBigEndian: true) {
      var words = words(of: block)
      for index in 16..<80 {
        let mixed = words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16]
        words.append(rotate(mixed, left: 1))
      }
      var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
      for step in 0..<80 {
        let (mixed, constant): (UInt32, UInt32)
        switch step / 20 {
        case 0: (mixed, constant) = ((b & c) | (~b & d), 0x5A82_7999)
        case 1: (mixed, constant) = (b ^ c ^ d, 0x6ED9_EBA1)
        case 2: (mixed, constant) = ((b & c) | (b & d) | (c & d), 0x8F1B_BCDC)
        default: (mixed, constant) = (b ^ c ^ d, 0xCA62_C1D6)
        }
        var sum = rotate(a, left: 5) &+ mixed
        sum = sum &+ e &+ constant &+ words[step]
        (a, b, c, d, e) = (sum, a, rotate(b, left: 30), c, d)
      }
      for (index, value) in [a, b, c, d, e].enumerated() { state[index] &+= value }
    }
    return bytes(of: state)
  }

  static func sha256(_ message: [UInt8]) -> [UInt8] {
    var state: [UInt32] = [
      0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
    ]
    for block in blocks(of: message, isBigEndian: true) {
      var words = words(of: block)
      for index in 16..<64 {
        let (early, late) = (words[index - 15], words[index - 2])
        let first: UInt32 = rotate(early, left: 25) ^ rotate(early, left: 14) ^ early >> 3
        let second: UInt32 = rotate(late, left: 15) ^ rotate(late, left: 13) ^ late >> 10
        words.append(words[index - 16] &+ first &+ words[index - 7] &+ second)
      }
      var v = state
      for step in 0..<64 {
        let (a, b, c, e) = (v[0], v[1], v[2], v[4])
        let first: UInt32 = rotate(e, left: 26) ^ rotate(e, left: 21) ^ rotate(e, left: 7)
        let choice: UInt32 = (e & v[5]) ^ (~e & v[6])
        var sum: UInt32 = v[7] &+ first &+ choice
        sum = sum &+ cubes[step] &+ words[step]
        let second: UInt32 = rotate(a, left: 30) ^ rotate(a, left: 19) ^ rotate(a, left: 10)
        let majority: UInt32 = (a & b) ^ (a & c) ^ (b & c)
        v = [sum &+ second &+ majority, a, b, c, v[3] &+ sum, e, v[5], v[6]]
      }
      for index in state.indices { state[index] &+= v[index] }
    }
    return bytes(of: state)
  }

  /// The words of a block, the highest byte first.
  private static func words(of block: [UInt8]) -> [UInt32] {
    stride(from: 0, to: block.count, by: 4).map { start in
      var word: UInt32 = 0
      for byte in block[start..<start + 4] { word = word << 8 | UInt32(byte) }
      return word
    }
  }

  /// The bytes of words, the highest first.
  private static func bytes(of words: [UInt32]) -> [UInt8] {
    var bytes: [UInt8] = []
    for word in words {
      for shift in [24, 16, 8, 0] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
    }
    return bytes
  }

  /// The message with its padding and its length, in blocks of 64 bytes.
  private static func blocks(of message: [UInt8], isBigEndian: Bool) -> [[UInt8]] {
    var bytes = message + [0x80]
    bytes += [UInt8](repeating: 0, count: (120 - bytes.count % 64) % 64)
    let bits = UInt64(message.count) * 8
    let length = (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
    bytes += isBigEndian ? length.reversed() : length
    return stride(from: 0, to: bytes.count, by: 64).map { Array(bytes[$0..<$0 + 64]) }
  }

  private static func rotate(_ word: UInt32, left count: UInt32) -> UInt32 {
    word << count | word >> (32 - count)
  }

  private static let shifts: [UInt32] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21]
  private static let sines: [UInt32] = [
    0xD76A_A478, 0xE8C7_B756, 0x2420_70DB, 0xC1BD_CEEE, 0xF57C_0FAF, 0x4787_C62A, 0xA830_4613, 0xFD46_9501,
    0x6980_98D8, 0x8B44_F7AF, 0xFFFF_5BB1, 0x895C_D7BE, 0x6B90_1122, 0xFD98_7193, 0xA679_438E, 0x49B4_0821,
    0xF61E_2562, 0xC040_B340, 0x265E_5A51, 0xE9B6_C7AA, 0xD62F_105D, 0x0244_1453, 0xD8A1_E681, 0xE7D3_FBC8,
    0x21E1_CDE6, 0xC337_07D6, 0xF4D5_0D87, 0x455A_14ED, 0xA9E3_E905, 0xFCEF_A3F8, 0x676F_02D9, 0x8D2A_4C8A,
    0xFFFA_3942, 0x8771_F681, 0x6D9D_6122, 0xFDE5_380C, 0xA4BE_EA44, 0x4BDE_CFA9, 0xF6BB_4B60, 0xBEBF_BC70,
    0x289B_7EC6, 0xEAA1_27FA, 0xD4EF_3085, 0x0488_1D05, 0xD9D4_D039, 0xE6DB_99E5, 0x1FA2_7CF8, 0xC4AC_5665,
    0xF429_2244, 0x432A_FF97, 0xAB94_23A7, 0xFC93_A039, 0x655B_59C3, 0x8F0C_CC92, 0xFFEF_F47D, 0x8584_5DD1,
    0x6FA8_7E4F, 0xFE2C_E6E0, 0xA301_4314, 0x4E08_11A1, 0xF753_7E82, 0xBD3A_F235, 0x2AD7_D2BB, 0xEB86_D391,
  ]
  private static let cubes: [UInt32] = [
    0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
    0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
    0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
    0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
    0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
    0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
    0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
    0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
  ]
}
