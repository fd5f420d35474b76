// The texel of the weights in row k that meets the given texel of this group's PANEL of outputs. Packed weights stand in
// PANELS, one group's outputs after the other's, so that each group reads straight on.
int weight_at(int product, int k, int column) {
#if PANELS > 0
    return ((product * PANELS + int(gl_WorkGroupID.y)) * WEIGHT_ROWS + k) * PANEL + column;
#else
    return k * OUT0_C4 + min(int(gl_WorkGroupID.y) * PANEL + column, OUT0_C4 - 1);
#endif
}
