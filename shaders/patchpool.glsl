// y[d] = mean of the values floor(d·L/DIM) to ceil((d+1)·L/DIM) of the L = C·KERNEL² in (c, u, v) order
#define L (IN0_C * KERNEL * KERNEL)
#define REACH (KERNEL / 2)
bool inside(int y, int x) {
    return y >= 0 && y < IN0_H && x >= 0 && x < IN0_W;
}
void kernel(int n, int c4, int y, int x) {
    vec4 sum = vec4(0.0);
#if DIM == IN0_C
    // A bin is the neighbourhood of one channel.
    for (int u = y - REACH; u <= y + REACH; u++) {
        for (int v = x - REACH; v <= x + REACH; v++) {
            if (inside(u, v)) {
                sum += load4_in0(n, c4, u, v);
            }
        }
    }
    sum /= float(KERNEL * KERNEL);
#else
    for (int lane = 0; lane < 4; lane++) {
        int d = min(4 * c4 + lane, DIM - 1);
        int from = d * L / DIM, to = ((d + 1) * L + DIM - 1) / DIM;
        for (int l = from; l < to; l++) {
            int u = y + l / KERNEL % KERNEL - REACH, v = x + l % KERNEL - REACH;
            if (inside(u, v)) {
                sum[lane] += load_in0(n, l / (KERNEL * KERNEL), u, v);
            }
        }
        sum[lane] /= float(to - from);
    }
#endif
    store4_out0(n, c4, y, x, sum);
}
