// y[e] = STD·√(−2 ln u)·cos(2πv), (a, b) = Threefry(key, e), u = (a>>8 + 1)/2²⁴, v = (b>>8)/2²⁴
#include "shared/threefry.glsl"
// ln(i/2²⁴): i = m·2^k with m in [√½, √2) and the odd series in (m−1)/(m+1).
float log_fraction(uint i) {
    int bits = floatBitsToInt(float(i));
    int k = (bits >> 23) - 127;
    float m = intBitsToFloat((bits & 0x7fffff) | 0x3f800000);
    if (m > 1.41421356) {
        m *= 0.5;
        k++;
    }
    float s = (m - 1.0) / (m + 1.0), q = s * s;
    return float(k - 24) * 0.693147181 + 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q / 9.0))));
}
// cos(2πj/2²⁴), reduced exactly to an eighth of a turn.
float cos_turns(uint j) {
    uint octant = j >> 21, r = j & 0x1fffffu;
    float a = float((octant & 1u) == 1u ? 0x200000u - r : r) * 3.74507028e-7, q = a * a;
    float sine = a * (1.0 - q / 6.0 * (1.0 - q / 20.0 * (1.0 - q / 42.0 * (1.0 - q / 72.0))));
    float cosine = 1.0 - q / 2.0 * (1.0 - q / 12.0 * (1.0 - q / 30.0 * (1.0 - q / 56.0 * (1.0 - q / 90.0))));
    float size = ((octant + 1u) & 2u) != 0u ? sine : cosine;
    return ((octant + 2u) & 4u) != 0u ? -size : size;
}
void kernel(int n, int c4, int y, int x) {
    vec4 v;
    for (int lane = 0; lane < 4; lane++) {
        uint e = uint(((n * TO_C + 4 * c4 + lane) * TO_H + y) * TO_W + x);
        uvec2 words = threefry(counter_key(), uvec2(e, 0u)) >> 8;
        v[lane] = STD * sqrt(-2.0 * log_fraction(words.x + 1u)) * cos_turns(words.y);
    }
    store4_out0(n, c4, y, x, v);
}
