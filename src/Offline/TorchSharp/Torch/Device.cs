namespace TorchSharp;

public static partial class torch
{
    public sealed class Device
    {
        public Device(string description)
        {
            var parts = description.Split(':');
            (type, index) = parts.Length == 1
                ? (TypeOf(parts[0]), -1)
                : (TypeOf(parts[0]), int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture));
            Normalize();
        }

        public Device(string deviceType, int index = -1) : this(TypeOf(deviceType), index) { }

        public Device(DeviceType deviceType, int index = -1)
        {
            type = deviceType;
            this.index = index;
            Normalize();
        }

        public Device(int index) : this(DeviceType.CUDA, index) { }

        public DeviceType type { get; }

        public int index { get; private set; }

        /// <summary>The form in which the bridge takes and gives a device: type in the high part, index + 1 in the low byte.</summary>
        internal long Packed => ((long)type << 8) | (long)(index + 1);

        internal static Device Unpack(long packed) => new((DeviceType)(packed >> 8), (int)(packed & 0xff) - 1);

        public override string ToString() => index < 0 ? type.ToString().ToLowerInvariant() : $"{type.ToString().ToLowerInvariant()}:{index}";

        void Normalize()
        {
            if (type == DeviceType.CUDA && index < 0)
                index = 0;
        }

        static DeviceType TypeOf(string name) => Enum.Parse<DeviceType>(name, ignoreCase: true);
    }
}
