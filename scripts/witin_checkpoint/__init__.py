"""From a witin_nn checkpoint to a package: the parts of scripts/import_witin_nn.py.

checkpoint  state dicts out of torch files, without executing anything   pickle_reader  the pickle inside, as data
network     the network file, checked against layer_types                settings       the library's configuration
scales      io_max to scales                                             quantise       float parameters to integers
graph       nodes, requantisation, network inputs                        tables         sigmoid, tanh, gelu
layers_array, layers_digital, layers_movement   what each layer becomes  float_functions  the library's float32 kernels
chip        the same network on profile wtm2101                          torch_model    a torch model as a network file

The network file's format is README.md beside this file.
"""
