// dreal = −g/|real| where real <= MARGIN, dfake = g/|fake| where fake >= −MARGIN; SIGN is −1 for the pass of real, 1 for fake's
void kernel(int n, int c4, int y, int x) {
    vec4 reached = vec4(greaterThanEqual(SIGN * load4_in0(n, c4, y, x), vec4(-MARGIN)));
    store4_out0(n, c4, y, x, reached * SIGN * at_in1(0, 0) / float(IN0_N * IN0_C * IN0_H * IN0_W));
}
