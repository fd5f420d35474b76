layout(local_size_x = LOCAL) in;
// A long dispatch is cut into several; this is where the present one begins.
layout(location = 0) uniform uint first_group;
