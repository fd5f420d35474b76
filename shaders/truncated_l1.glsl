// loss = mean max(0, MARGIN − real) + mean max(0, MARGIN + fake)
#if PASS == 0
// Part x of both means.
void kernel(int n, int c4, int y, int x) {
    float sum = 0.0;
    for (int t = x; t < REAL_PLACES * IN0_C4; t += PARTS) {
        vec4 v = lanes_in0(max(MARGIN - at4_in0(t / IN0_C4, t % IN0_C4), 0.0), t % IN0_C4);
        sum += dot(v, vec4(1.0 / float(REAL_PLACES * IN0_C)));
    }
    for (int t = x; t < FAKE_PLACES * IN1_C4; t += PARTS) {
        vec4 v = lanes_in1(max(MARGIN + at4_in1(t / IN1_C4, t % IN1_C4), 0.0), t % IN1_C4);
        sum += dot(v, vec4(1.0 / float(FAKE_PLACES * IN1_C)));
    }
    store4_out0(0, 0, 0, x, vec4(sum));
}
#else
void kernel(int n, int c4, int y, int x) {
    float sum = 0.0;
    for (int part = 0; part < PARTS; part++) {
        sum += at_in0(part, 0);
    }
    store4_out0(0, 0, 0, 0, vec4(sum));
}
#endif
