// out0: a kernel stores only where it stands.
#define OUT0_C4 ((OUT0_C + 3) / 4)
vec4 result_out0 = vec4(0.0);
int place_out0(int n, int y, int x) {
    return (n * OUT0_H + y) * OUT0_W + x;
}
void put4_out0(int place, int c4, vec4 v) {
    result_out0 = v;
}
void store4_out0(int n, int c4, int y, int x, vec4 v) {
    result_out0 = v;
}
