// y = Σ x, Σ x/M or max x over the axes of OVER_*, in PARTS parts first when there are many values
#define MEAN 1
#define MAX 2
#define COUNT_N (OVER_N == 1 ? IN0_N : 1)
#define COUNT_C4 (OVER_C == 1 ? IN0_C4 : 1)
#define COUNT_H (OVER_H == 1 ? IN0_H : 1)
#define COUNT_W (OVER_W == 1 ? IN0_W : 1)
#define COUNT (COUNT_N * COUNT_C4 * COUNT_H * COUNT_W)
vec4 both(vec4 a, vec4 b) {
#if KIND == MAX
    return max(a, b);
#else
    return a + b;
#endif
}
vec4 nothing() {
    return vec4(KIND == MAX ? -3.402823466e38 : 0.0);
}
#if PASS == 0
// Part n / RESULT_N of the values of result n % RESULT_N.
void kernel(int n, int c4, int y, int x) {
    int part = n / RESULT_N, size = (COUNT + PARTS - 1) / PARTS;
    vec4 all = nothing();
    for (int r = part * size; r < min((part + 1) * size, COUNT); r++) {
        int c = r % COUNT_C4, place = r / COUNT_C4, row = place / COUNT_W;
        int group = c4 + c;
        vec4 v = load4_in0(n % RESULT_N + row / COUNT_H, group, y + row % COUNT_H, x + place % COUNT_W);
#if OVER_C
        for (int lane = 0; lane < 4; lane++) {
            if (4 * group + lane < IN0_C) {
                all = both(all, v[lane] + vec4(0.0));
            }
        }
#else
        all = both(all, v);
#endif
    }
    store4_out0(n, c4, y, x, all * SCALE);
}
#else
void kernel(int n, int c4, int y, int x) {
    vec4 all = nothing();
    for (int part = 0; part < PARTS; part++) {
        all = both(all, load4_in0(part * RESULT_N + n, c4, y, x));
    }
    store4_out0(n, c4, y, x, all * SCALE);
}
#endif
