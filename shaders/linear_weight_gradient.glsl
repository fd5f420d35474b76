// dW[o,i] = Σ_p dy[o,p]·x[i,p], in PARTS parts of the positions
#define PLACES (IN0_N * IN0_H * IN0_W)
void kernel(int n, int c4, int y, int x) {
    int part = n / IN1_C, o = n % IN1_C, size = (PLACES + PARTS - 1) / PARTS;
    vec4 sum = vec4(0.0);
    for (int p = part * size; p < min((part + 1) * size, PLACES); p++) {
        sum += at_in1(p, o) * at4_in0(p, c4);
    }
    put4_out0(n, c4, sum);
}
