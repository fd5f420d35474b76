// dγ = Σ dy·x̂, dβ = Σ dy, dx = γ·inv·(dy − dβ/M − x̂·dγ/M) with x̂ = (x−mean)·inv
#if PASS == 0
// Inputs x, mean, inv, dy: both sums over part n of the places.
void kernel(int n, int c4, int y, int x) {
    int from = n * (PLACES / PARTS) + min(n, PLACES % PARTS), to = (n + 1) * (PLACES / PARTS) + min(n + 1, PLACES % PARTS);
    vec4 mean = at4_in1(0, c4), inv = at4_in2(0, c4), dgamma = vec4(0.0), dbeta = vec4(0.0);
    for (int p = from; p < to; p++) {
        vec4 dy = at4_in3(p, c4);
        dgamma += dy * (at4_in0(p, c4) - mean) * inv;
        dbeta += dy;
    }
    store4_out0(n, c4, 0, 0, dgamma);
    store4_out1(n, c4, 0, 0, dbeta);
}
#elif PASS == 1
void kernel(int n, int c4, int y, int x) {
    vec4 dgamma = vec4(0.0), dbeta = vec4(0.0);
    for (int p = 0; p < PARTS; p++) {
        dgamma += at4_in0(p, c4);
        dbeta += at4_in1(p, c4);
    }
    put4_out0(0, c4, dgamma);
    put4_out1(0, c4, dbeta);
}
#else
// Inputs x, γ, mean, inv, dy, dγ, dβ.
void kernel(int n, int c4, int y, int x) {
    vec4 inv = at4_in3(0, c4), hat = (load4_in0(n, c4, y, x) - at4_in2(0, c4)) * inv;
    vec4 d = load4_in4(n, c4, y, x) - (at4_in6(0, c4) + hat * at4_in5(0, c4)) / float(PLACES);
    store4_out0(n, c4, y, x, at4_in1(0, c4) * inv * d);
}
#endif
