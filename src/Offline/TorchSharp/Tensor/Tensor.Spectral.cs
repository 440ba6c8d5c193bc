using TorchSharp.Native;

namespace TorchSharp;

public static partial class torch
{
    // Short-time Fourier transforms.
    public partial class Tensor
    {
        static readonly Op istftOp = new("aten::istft");
        static readonly Op stftCenterOp = new("aten::stft", "center");

        public Tensor istft(long n_fft, long hop_length = -1, long win_length = -1, Tensor? window = null, bool center = true, bool normalized = false, bool? onesided = null, long length = -1, bool return_complex = false) => istftOp.Call(this, n_fft, Given(hop_length), Given(win_length), window, center, normalized, onesided, Given(length), return_complex);

        public Tensor stft(long n_fft, long hop_length = -1, long win_length = -1, Tensor? window = null, bool center = true, PaddingModes pad_mode = PaddingModes.Reflect, bool normalized = false, bool? onesided = null, bool? return_complex = null) => stftCenterOp.Call(this, n_fft, Given(hop_length), Given(win_length), window, center, Name(pad_mode), normalized, onesided, return_complex ?? is_complex());
    }
}
