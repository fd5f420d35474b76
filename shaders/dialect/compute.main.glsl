// One invocation for each group of four channels of WALK_N x WALK_H x WALK_W places.
void main() {
    uint item = (gl_WorkGroupID.x + first_group) * uint(LOCAL) + gl_LocalInvocationID.x;
    uint place = item / uint(WALK_C4), row = place / uint(WALK_W);
    if (row < uint(WALK_N * WALK_H)) {
        kernel(int(row / uint(WALK_H)), int(item % uint(WALK_C4)), int(row % uint(WALK_H)), int(place % uint(WALK_W)));
    }
}
