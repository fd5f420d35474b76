#include "shared/activation.glsl"
// Stores f(sum + bias + residual) as output channels 4·o4 to 4·o4+3 of a place.
void finish(int place, int o4, vec4 sum) {
#if BIAS
    sum += at4_in2(0, o4);
#endif
#if RESIDUAL && BIAS
    sum += at4_in3(place, o4);
#elif RESIDUAL
    sum += at4_in2(place, o4);
#endif
    put4_out0(place, o4, activation(sum));
}
