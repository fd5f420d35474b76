// y[i] = Σ_k w[|k|]·x[i+k], w[k] ∝ exp(−k²/2σ²), Σ w = 1, the border reflected
int reflected(int i, int size) {
    // The added periods keep the left side of % positive.
    i = (i + (RADIUS / (2 * size) + 1) * 2 * size) % (2 * size);
    return min(i, 2 * size - 1 - i);
}
vec4 tap(int n, int c4, int y, int x, int k) {
#if VERTICAL
    return load4_in0(n, c4, reflected(y + k, IN0_H), x);
#else
    return load4_in0(n, c4, y, reflected(x + k, IN0_W));
#endif
}
void kernel(int n, int c4, int y, int x) {
    vec4 sum = tap(n, c4, y, x, 0);
    float weights = 1.0;
    for (int k = 1; k <= RADIUS; k++) {
        float w = exp(-float(k * k) / (2.0 * SIGMA * SIGMA));
        sum += w * (tap(n, c4, y, x, k) + tap(n, c4, y, x, -k));
        weights += 2.0 * w;
    }
    store4_out0(n, c4, y, x, sum / weights);
}
