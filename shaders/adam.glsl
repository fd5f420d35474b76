// m ← β1·m + (1−β1)·g, v ← β2·v + (1−β2)·g², p ← p − rate·(m/c1) / (√(v/c2) + ε)
void kernel(int n, int c4, int y, int x) {
    float rate = at_in4(0, 0), c1 = at_in4(1, 0), c2 = at_in4(2, 0);
    vec4 p = load4_in0(n, c4, y, x), g = load4_in1(n, c4, y, x);
#if DECOUPLED
    p *= 1.0 - rate * WEIGHT_DECAY;
#else
    g += WEIGHT_DECAY * p;
#endif
    vec4 m = BETA1 * load4_in2(n, c4, y, x) + (1.0 - BETA1) * g;
    vec4 v = BETA2 * load4_in3(n, c4, y, x) + (1.0 - BETA2) * g * g;
    store4_out0(n, c4, y, x, p - rate * (m / c1) / (sqrt(v / c2) + EPSILON));
    store4_out1(n, c4, y, x, m);
    store4_out2(n, c4, y, x, v);
}
