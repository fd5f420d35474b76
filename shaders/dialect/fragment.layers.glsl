// One target for each layer of the output.
#for i LAYERS
layout(location = $i) out vec4 to$i;
#end
