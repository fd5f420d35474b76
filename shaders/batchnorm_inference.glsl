// y = γ·(x−mean)/√(var+ε) + β
void kernel(int n, int c4, int y, int x) {
    vec4 scale = at4_in1(0, c4) / sqrt(at4_in4(0, c4) + EPSILON);
    store4_out0(n, c4, y, x, scale * (load4_in0(n, c4, y, x) - at4_in3(0, c4)) + at4_in2(0, c4));
}
