namespace TorchSharp;

public static partial class torch
{
    public static partial class nn
    {
        public abstract class Module<T, TResult> : HookableModule<Func<Module<T, TResult>, T, T>, Func<Module<T, TResult>, T, TResult, TResult>>, IModule<T, TResult>
        {
            protected Module(string name) : base(name) { }

            internal Module(string name, bool complete) : base(name, complete) { }

            public abstract TResult forward(T input);

            public TResult call(T input) => pre_hooks.Count + post_hooks.Count == 0 ? forward(input) : CallWithHooks(input);

            TResult CallWithHooks(T input)
            {
                foreach (var hook in pre_hooks.Values)
                    if (hook(this, input) is { } changed)
                        input = changed;
                var result = forward(input);
                foreach (var hook in post_hooks.Values)
                    if (hook(this, input, result) is { } changed)
                        result = changed;
                return result;
            }
        }
    }
}
