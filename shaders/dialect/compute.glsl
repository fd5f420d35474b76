#version 430
precision highp float;
precision highp int;
