// y = γ·(x−mean)/√(var+ε) + β, mean = Σx/M, var = Σ(x−mean)²/M over a channel's M values
#if PASS == 0
// Mean and sum of squared distances of part n of the places.
void kernel(int n, int c4, int y, int x) {
    int from = n * (PLACES / PARTS) + min(n, PLACES % PARTS), to = (n + 1) * (PLACES / PARTS) + min(n + 1, PLACES % PARTS);
    vec4 mean = vec4(0.0), squares = vec4(0.0);
    for (int p = from; p < to; p++) {
        mean += at4_in0(p, c4);
    }
    mean /= float(to - from);
    for (int p = from; p < to; p++) {
        vec4 d = at4_in0(p, c4) - mean;
        squares += d * d;
    }
    store4_out0(n, c4, 0, 0, mean);
    store4_out1(n, c4, 0, 0, squares);
}
#elif PASS == 1
// The parts together (Chan, Golub, LeVeque 1979), and the running statistics.
void kernel(int n, int c4, int y, int x) {
    vec4 mean = vec4(0.0), squares = vec4(0.0);
    for (int p = 0; p < PARTS; p++) {
        float share = float(PLACES / PARTS + (p < PLACES % PARTS ? 1 : 0)) / float(PLACES);
        mean += share * at4_in0(p, c4);
    }
    for (int p = 0; p < PARTS; p++) {
        float count = float(PLACES / PARTS + (p < PLACES % PARTS ? 1 : 0));
        vec4 d = at4_in0(p, c4) - mean;
        squares += at4_in1(p, c4) + count * d * d;
    }
    put4_out0(0, c4, (1.0 - MOMENTUM) * at4_in2(0, c4) + MOMENTUM * mean);
    put4_out1(0, c4, (1.0 - MOMENTUM) * at4_in3(0, c4) + MOMENTUM * squares / float(PLACES - 1));
    put4_out2(0, c4, mean);
    put4_out3(0, c4, 1.0 / sqrt(squares / float(PLACES) + EPSILON));
}
#else
void kernel(int n, int c4, int y, int x) {
    vec4 hat = (load4_in0(n, c4, y, x) - at4_in3(0, c4)) * at4_in4(0, c4);
    store4_out0(n, c4, y, x, at4_in1(0, c4) * hat + at4_in2(0, c4));
}
#endif
