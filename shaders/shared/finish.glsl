#include "shared/activation.glsl"
// f(sum + bias + residual) for output channels 4·o4 to 4·o4+3, the residual being the texel of this layer here.
vec4 finished(vec4 sum, int o4, int layer) {
#if BIAS
    sum += at4_in2(0, min(o4, OUT0_C4 - 1));
#endif
#if RESIDUAL && BIAS
    sum += texelFetch(memory_in3, ivec3(gl_FragCoord.xy, layer), 0);
#elif RESIDUAL
    sum += texelFetch(memory_in2, ivec3(gl_FragCoord.xy, layer), 0);
#endif
    return activation(sum);
}
