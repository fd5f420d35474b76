// y[:,p] = f(W·x[:,p] + bias), Wᵀ when TRANSPOSED
#define RESIDUAL 0
#include "shared/epilogue.glsl"
void kernel(int n, int c4, int y, int x) {
    vec4 sum = vec4(0.0);
    for (int i4 = 0; i4 < IN0_C4; i4++) {
        vec4 a = load4_in0(n, i4, y, x);
        for (int lane = 0; lane < 4; lane++) {
#if TRANSPOSED
            sum += a[lane] * at4_in1(min(4 * i4 + lane, IN0_C - 1), c4);
#else
            sum[lane] += dot(a, at4_in1(min(4 * c4 + lane, OUT0_C - 1), i4));
#endif
        }
    }
    finish(place_out0(n, y, x), c4, sum);
}
