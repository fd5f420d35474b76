// y = f(x)
#include "shared/activation.glsl"
void kernel(int n, int c4, int y, int x) {
    store4_out0(n, c4, y, x, activation(load4_in0(n, c4, y, x)));
}
