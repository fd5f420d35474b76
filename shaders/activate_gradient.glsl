// dx = f'(x)·dy
#include "shared/activation.glsl"
void kernel(int n, int c4, int y, int x) {
    store4_out0(n, c4, y, x, activation_slope(load4_in0(n, c4, y, x)) * load4_in1(n, c4, y, x));
}
