// y[i,j] = maximum or mean of the KERNEL x KERNEL window at (i·STRIDE−PAD_TOP, j·STRIDE−PAD_LEFT)
#define AVERAGE 1
#define AVERAGE_PADDED 2
void kernel(int n, int c4, int y, int x) {
    int top = y * STRIDE - PAD_TOP, left = x * STRIDE - PAD_LEFT;
    int bottom = min(top + KERNEL, IN0_H), right = min(left + KERNEL, IN0_W);
    top = max(top, 0);
    left = max(left, 0);
    vec4 best = load4_in0(n, c4, top, left), sum = vec4(0.0);
    for (int u = top; u < bottom; u++) {
        for (int v = left; v < right; v++) {
            vec4 value = load4_in0(n, c4, u, v);
            best = max(best, value);
            sum += value;
        }
    }
#if KIND == AVERAGE
    best = sum / float((bottom - top) * (right - left));
#elif KIND == AVERAGE_PADDED
    best = sum / float(KERNEL * KERNEL);
#endif
    store4_out0(n, c4, y, x, best);
}
