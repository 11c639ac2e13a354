//! Sequences of run-time layers against tuples of compile-time layers: the same bits in all that a network does.

use gaussling_core::nn::{
    Activation, Affine, Antisymmetric, Euler, Evaluate, Identity, Init, Layer, Linear, Network, Point, Refine, Rk4,
    gaussian, raf, relu, sigmoid, sine, softplus, standard_normal, tanh,
};
use gaussling_core::{Error, MatMut, MatRef, Portable, Real};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::SeedableRng;

use super::{AntisymmetricBlock, DynLayer, EulerBlock, Function, MAX_LAYERS, Sequential};

fn draw<T: Real>(n: usize, rng: &mut Xoshiro256PlusPlus) -> Vec<T> {
    (0..n).map(|_| T::from_f64(0.6 * standard_normal(rng))).collect()
}

/// Everything a network computes at fixed random arguments: initial weights, z, dz, dz without dx, gθ, gX, gθ without gX.
fn everything<T: Real>(net: &impl Network<T>, samples: usize) -> [Vec<T>; 8] {
    let shape = net.shape();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(11);
    let [theta, dtheta] = [draw(shape.params, &mut rng), draw(shape.params, &mut rng)];
    let [x, dx] = [draw(shape.inputs * samples, &mut rng), draw(shape.inputs * samples, &mut rng)];
    let g = draw(shape.features * samples, &mut rng);
    let mut initial = vec![T::ZERO; shape.params];
    net.initialize(Init::He, &mut rng, &mut initial).unwrap();

    let mut z = vec![T::ZERO; shape.features * samples];
    let mut cache = vec![T::ZERO; shape.cache.of(samples)];
    let mut work = vec![T::ZERO; shape.work.of(samples)];
    let input = |x| MatRef::new(x, shape.inputs, samples).unwrap();
    let out = MatMut::new(&mut z, shape.features, samples).unwrap();
    net.forward(&Portable, &theta, input(&x), out, &mut cache, &mut work).unwrap();
    let point = Point { theta: &theta, x: input(&x), cache: &cache };
    let mut dz = [z.clone(), z.clone()];
    for (dz, dx) in dz.iter_mut().zip([Some(input(&dx)), None]) {
        let out = MatMut::new(dz, shape.features, samples).unwrap();
        net.jvp(&Portable, point, &dtheta, dx, out, &mut work).unwrap();
    }
    let mut gtheta = [vec![T::ZERO; shape.params], vec![T::ONE; shape.params]];
    let mut gx = x.clone();
    let g_view = MatRef::new(&g, shape.features, samples).unwrap();
    let gx_view = MatMut::new(&mut gx, shape.inputs, samples).unwrap();
    net.vjp(&Portable, point, g_view, &mut gtheta[0], Some(gx_view), &mut work).unwrap();
    net.vjp(&Portable, point, g_view, &mut gtheta[1], None, &mut work).unwrap();

    // <G, J d> = <Jᵀ G, d>
    let product = |a: &[T], b: &[T]| a.iter().zip(b).map(|(a, b)| a.value() * b.value()).sum::<f64>();
    let forwards = product(&g, &dz[0]);
    let backwards = product(&gtheta[0], &dtheta) + product(&gx, &dx);
    let limit = 200.0 * T::EPSILON.value() * (1.0 + forwards.abs());
    assert!((forwards - backwards).abs() <= limit, "{samples} samples: {forwards} {backwards}");

    let ([dz, dz_theta], [gtheta, gtheta_added]) = (dz, gtheta);
    [initial, z, cache, dz, dz_theta, gtheta, gx, gtheta_added]
}

fn same_bits<T: Real>(name: &str, found: &impl Network<T>, expected: &impl Network<T>) {
    assert_eq!(found.shape(), expected.shape(), "{name}");
    for samples in [0, 1, 2, 7] {
        let pairs = everything(found, samples).into_iter().zip(everything(expected, samples));
        for (part, (found, expected)) in pairs.enumerate() {
            let bits = |values: Vec<T>| values.into_iter().map(|v| v.value().to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(found), bits(expected), "{name}: {samples} samples, part {part}");
        }
    }
}

/// Compares the description with the tuple, on f64 and f32.
fn check(description: &str, tuple: &(impl Network<f64> + Evaluate<f32>)) {
    let inputs = Network::<f64>::shape(tuple).inputs;
    let sequential = Sequential::parse(description, inputs).unwrap();
    same_bits::<f64>(description, &sequential, tuple);
    same_bits::<f32>(description, &sequential, tuple);
    assert_eq!(value(&sequential), value(tuple), "{description}");
}

/// Bits of the value alone.
fn value(net: &impl Evaluate<f32>) -> Vec<u32> {
    let shape = net.shape();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(12);
    let [theta, x] = [draw::<f32>(shape.params, &mut rng), draw(shape.inputs, &mut rng)];
    let (mut z, mut work) = (vec![f32::NAN; shape.features], vec![f32::NAN; shape.evaluate]);
    net.evaluate(&Portable, &theta[..], &x, &mut z, &mut work).unwrap();
    z.into_iter().map(f32::to_bits).collect()
}

#[test]
fn sequences_and_tuples_give_the_same_bits() {
    check("affine:4", &Affine::<3, 4>);
    check("linear:4", &Linear::<3, 4>);
    check("affine:4, tanh", &(Affine::<3, 4>, tanh::<4>()));
    check("dense:4, dense:2:sine", &(Affine::<3, 4>, tanh::<4>(), Affine::<4, 2>, sine::<2>()));
    let functions = (relu::<2>(), softplus::<2>(), sine::<2>(), gaussian::<2>(), Activation::<_, 2>(Identity));
    check("relu, softplus, sine, gaussian, identity", &functions);
    check(
        "linear:4, sigmoid, affine:5, relu, affine:2, softplus",
        &(Linear::<3, 4>, sigmoid::<4>(), Affine::<4, 5>, relu::<5>(), Affine::<5, 2>, softplus::<2>()),
    );
    check("affine:4, raf, linear:2", &(Affine::<3, 4>, raf::<4>(), Linear::<4, 2>));
    check("dense:4:raf", &(Affine::<3, 4>, raf::<4>()));
    let euler = Euler::<_, 3> { layer: (Affine::<2, 2>, tanh::<2>()), step_size: 2.0 / 3.0 };
    check("euler:3:T=2", &euler);
    check("euler:1", &Euler::<_, 1> { layer: (Affine::<2, 2>, tanh::<2>()), step_size: 1.0 });
    let rk4 = Rk4::<_, 4> { layer: (Antisymmetric::<3>, tanh::<3>()), step_size: 1.0 };
    check("antisym:3x5:T=4", &rk4);
    check("antisym:2:relu", &Rk4::<_, 1> { layer: (Antisymmetric::<1>, relu::<1>()), step_size: 1.0 });
    let rk4 = Rk4::<_, 2> { layer: (Antisymmetric::<4>, sigmoid::<4>()), step_size: 0.25 };
    let euler = Euler::<_, 2> { layer: (Affine::<4, 4>, gaussian::<4>()), step_size: 1.5 };
    check(
        "affine:4, tanh, antisym:4x3:T=0.5:sigmoid, euler:2:gaussian:T=3, linear:3",
        &(Affine::<2, 4>, tanh::<4>(), rk4, euler, Linear::<4, 3>),
    );
}

/// Twice as many steps, by description and by type; weights as the core interpolates them, for each layer.
#[test]
fn refined_networks_and_their_weights_are_those_of_the_core() {
    let rk4 = Rk4::<_, 2> { layer: (Antisymmetric::<3>, tanh::<3>()), step_size: 0.35 };
    let euler = Euler::<_, 3> { layer: (Affine::<3, 3>, sine::<3>()), step_size: 0.5 };
    let tuple = (Affine::<2, 3>, rk4, raf::<3>(), euler, Linear::<3, 2>).run();
    let coarse = Sequential::parse("affine:3, antisym:3:T=0.7, raf, euler:3:T=1.5:sine, linear:2", 2).unwrap();
    same_bits::<f64>("coarse", &coarse, &tuple);
    let fine = coarse.refined().unwrap();
    assert_eq!(fine.to_string(), "affine:3, antisym:3x5:T=0.7, raf, euler:6:T=1.5:sine, linear:2");
    assert_eq!(fine, Sequential::parse(&fine.to_string(), 2).unwrap());
    same_bits::<f64>("fine", &fine, &tuple.refined());
    same_bits::<f32>("fine", &fine, &tuple.refined());

    let theta: Vec<f64> = draw(coarse.shape().params, &mut Xoshiro256PlusPlus::seed_from_u64(3));
    let mut expected = vec![f64::NAN; fine.shape().params];
    tuple.prolong(&theta, &mut expected).unwrap();
    assert_eq!(coarse.prolong(&theta).unwrap(), expected);
    assert!(matches!(coarse.prolong(&theta[1..]), Err(Error::Length { what: "theta", .. })));
    let empty = Sequential::new(2).unwrap();
    assert_eq!((empty.refined().unwrap(), empty.prolong::<f64>(&[]).unwrap()), (empty.clone(), vec![]));
}

#[test]
fn a_finer_network_that_no_memory_holds_is_refused() {
    let mut net = Sequential::parse("affine:3, euler:2", 2).unwrap();
    assert!(net.refined().is_ok());
    let steps = isize::MAX as usize / size_of::<f64>() / 20;
    net.push(DynLayer::Euler(EulerBlock::new(3, steps, 1.0, Function::Tanh).unwrap())).unwrap();
    assert!(matches!(net.refined(), Err(Error::InvalidOption { .. })));
}

#[test]
fn without_layers_it_is_the_identity() {
    let empty = Sequential::new(3).unwrap();
    same_bits::<f64>("empty", &empty, &Activation::<_, 3>(Identity));
    assert_eq!((empty.len(), empty.is_empty(), empty.inputs(), empty.features()), (0, true, 3, 3));
    assert!(matches!(Sequential::new(0), Err(Error::InvalidOption { .. })));
}

#[test]
fn with_output_appends_an_affine_layer() {
    let net = Sequential::parse("affine:4, tanh", 3).unwrap();
    let whole = net.with_output(2).unwrap();
    same_bits::<f64>("with output", &whole, &(Affine::<3, 4>, tanh::<4>(), Affine::<4, 2>));
    assert_eq!(whole.shape().params, net.shape().params + 2 * (net.features() + 1));
    assert!(net.with_output(0).is_err());
}

#[test]
fn layers_that_do_not_fit_are_refused_and_leave_the_network_as_it_was() {
    let mut net = Sequential::new(2).unwrap();
    net.push(DynLayer::affine(2, 3)).unwrap();
    let before = net.clone();
    let unlike = net.push(DynLayer::activation(Function::Sine, 2)).unwrap_err();
    assert_eq!(unlike, Error::Length { what: "inputs of the layer", expected: 3, found: 2 });
    assert!(matches!(net.push(DynLayer::affine(3, 0)), Err(Error::InvalidOption { .. })));
    assert!(matches!(net.push(DynLayer::linear(3, usize::MAX)), Err(Error::InvalidOption { .. })));
    assert!(matches!(net.push(DynLayer::linear(3, usize::MAX / 24)), Err(Error::InvalidOption { .. })));
    assert_eq!(net, before);
    for horizon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(EulerBlock::new(3, 2, horizon, Function::Tanh).is_err(), "{horizon}");
        assert!(AntisymmetricBlock::new(3, 2, horizon, Function::Tanh).is_err(), "{horizon}");
    }
    assert!(EulerBlock::new(0, 2, 1.0, Function::Tanh).is_err() && EulerBlock::new(3, 0, 1.0, Function::Tanh).is_err());
    let block = |size, nodes| AntisymmetricBlock::new(size, nodes, 1.0, Function::Tanh);
    assert!(block(0, 2).is_err() && block(3, 1).is_err() && block(3, 2).is_ok());
}

#[test]
fn the_longest_network_computes_and_a_longer_one_is_refused() {
    let mut net = Sequential::new(2).unwrap();
    for _ in 0..MAX_LAYERS {
        net.push(DynLayer::activation(Function::Sine, 2)).unwrap();
    }
    everything::<f64>(&net, 3);
    assert!(matches!(net.push(DynLayer::activation(Function::Sine, 2)), Err(Error::InvalidOption { .. })));
}

#[test]
fn wrong_shapes_are_the_cores_errors() {
    let net = Sequential::parse("affine:4, tanh, euler:2", 3).unwrap();
    let shape = net.shape();
    let (theta, x) = (vec![0.1; shape.params], [0.1; 6]);
    let mut z = [0.0; 8];
    let x = MatRef::new(&x, 3, 2).unwrap();
    let mut run = |params: usize, cache: usize, work: usize| {
        let out = MatMut::new(&mut z, 4, 2).unwrap();
        net.forward(&Portable, &theta[..params], x, out, &mut vec![0.0; cache], &mut vec![0.0; work])
    };
    let (cache, work) = (shape.cache.of(2), shape.work.of(2));
    assert_eq!(run(shape.params, cache, work), Ok(()));
    assert!(matches!(run(shape.params - 1, cache, work), Err(Error::Length { what: "theta", .. })));
    assert!(matches!(run(shape.params, cache - 1, work), Err(Error::Workspace { what: "cache", .. })));
    assert!(matches!(run(shape.params, cache, work - 1), Err(Error::Workspace { what: "work", .. })));
}
